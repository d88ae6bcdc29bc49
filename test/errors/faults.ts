/**
 * What may be wrong with a registry; with `login` it lets in only who says the one below, with `certificate` it has one
 * that an authority of its own has signed.
 */
export type Fault =
  | "none"
  | "certificate"
  | "unauthorized"
  | "forbidden"
  | "login"
  | "drop"
  | "drop-once"
  | "corrupt";

export const login = { username: "larder", password: "no secret at all" } as const;
