/**
 * Faults of a registry. With `login` it accepts only the login below, with `certificate` its certificate is signed by
 * an authority of its own, with `schema1` all its manifests have that form, with `separate` a repository has no layers
 * of another one.
 */
export type Fault =
  | "none"
  | "certificate"
  | "schema1"
  | "separate"
  | "unauthorized"
  | "forbidden"
  | "login"
  | "drop"
  | "drop-once"
  | "corrupt";

export const login = { username: "larder", password: "no secret at all" } as const;
