/** What may be wrong with a registry; with `login` it lets in only who says the one below. */
export type Fault = "none" | "unauthorized" | "forbidden" | "login" | "drop" | "drop-once" | "corrupt";

export const login = { username: "larder", password: "no secret at all" } as const;
