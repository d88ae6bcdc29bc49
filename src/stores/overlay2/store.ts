import type { Store } from "../store.js";
import { describe } from "./describe.js";
import type { CatalogModel } from "./model.js";
import { type Overlay2Records, write } from "./write.js";

/** Docker's graph driver overlay2. */
export const overlay2: Store<CatalogModel, Overlay2Records> = { describe, write };
