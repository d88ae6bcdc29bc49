/** Where in which file the vertices of a definition stand. */
import type { Source, SourceInfo } from "../gen/ops.js";

/** One map for several definitions. A file that several have is in it once, a vertex with its first place. */
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
