/**
 * What may be wrong with a registry; with `login` it lets in only who says the one below, with `certificate` it has one
 * that an authority of its own has signed, with `schema1` all its manifests are of that form.
 */
export type Fault =
  | "none"
  | "certificate"
  | "schema1"
  | "unauthorized"
  | "forbidden"
  | "login"
  | "drop"
  | "drop-once"
  | "corrupt";

export const login = { username: "larder", password: "no secret at all" } as const;
