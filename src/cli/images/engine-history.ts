/** An engine tells the history of an image, and leaves out which entries have a layer. */
import type { HistoryEntry } from "../../image/config.js";
import { historyComment } from "../../shelf/history.js";

/** An entry of `GET /images/{name}/history`, newest first there. */
export interface EngineHistoryEntry {
  readonly Comment: string;
  readonly CreatedBy: string;
  /** Bytes of the layer's files. */
  readonly Size: number;
}

export interface LayerHistory {
  /** Oldest first, as in a config. */
  readonly history: readonly HistoryEntry[];
  /** Bytes of each layer's files, lowest first. */
  readonly sizes: readonly number[];
}

/** Instructions that make a layer even if they write nothing. */
const makesLayer =
  /^(?:RUN|COPY|ADD|WORKDIR|PRELOAD) |^\/bin\/sh -c (?!#\(nop\))|^\/bin\/sh -c #\(nop\) (?:COPY|ADD) /;

/**
 * Entries without a size are told apart by their instructions.
 * @param layers number of layers of the image.
 * @returns undefined if the entries do not fit the layers: the instructions then tell too little.
 */
export function readEngineHistory(
  newestFirst: readonly EngineHistoryEntry[],
  layers: number,
): LayerHistory | undefined {
  const entries = [...newestFirst].reverse();
  const withLayer = entries.filter(hasLayer);
  if (withLayer.length !== layers) return undefined;
  const history = entries.map((entry) => ({
    created_by: entry.CreatedBy,
    ...(entry.Comment !== "" && { comment: entry.Comment }),
    ...(!hasLayer(entry) && { empty_layer: true }),
  }));
  return { history, sizes: withLayer.map(({ Size }) => Size) };
}

function hasLayer({ Comment, CreatedBy, Size }: EngineHistoryEntry): boolean {
  return Size > 0 || Comment === historyComment || makesLayer.test(CreatedBy);
}
