/** Gives vertices of a definition their file and lines. */
import type { Source, SourceInfo } from "../gen/ops.js";

/** One map for several definitions. It has a common file once, and the first place of each vertex. */
export function joinSources(sources: readonly Source[]): Source {
  const joined: Source = { locations: {}, infos: [] };
  const indexOf = (info: SourceInfo): number => {
    const known = joined.infos.findIndex(
      ({ filename, data }) => filename === info.filename && data.equals(info.data),
    );
    return known < 0 ? joined.infos.push(info) - 1 : known;
  };
  for (const { infos, locations } of sources) {
    const indices = infos.map(indexOf);
    for (const [digest, places] of Object.entries(locations)) {
      joined.locations[digest] ??= {
        locations: places.locations.map((place) => ({
          ...place,
          sourceIndex: indices[place.sourceIndex] ?? place.sourceIndex,
        })),
      };
    }
  }
  return joined;
}
