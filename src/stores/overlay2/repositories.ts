import type { Digest } from "../../image/digest.js";
import { sorted } from "./model.js";

/**
 * Docker's `repositories.json` (daemon/internal/refstore): repository to reference to image ID, all in the familiar
 * form. The text is one line, since attach reads it with the shell's `read`.
 */
export function formatRepositories(references: Readonly<Record<string, Digest>>): string {
  const repositories: Record<string, Record<string, Digest>> = {};
  for (const [reference, imageId] of Object.entries(sorted(references))) {
    const name = repositoryOf(reference);
    repositories[name] = { ...repositories[name], [reference]: imageId };
  }
  return `${JSON.stringify({ Repositories: sorted(repositories) })}\n`;
}

/** The repository is `localhost:5000/a` for `localhost:5000/a:1` and `localhost:5000/a@sha256:...`. */
export function repositoryOf(reference: string): string {
  const at = reference.indexOf("@");
  const name = at < 0 ? reference : reference.slice(0, at);
  const colon = name.lastIndexOf(":");
  return colon > name.lastIndexOf("/") ? name.slice(0, colon) : name;
}
