import { cleanUp } from "../harness/cleanup.js";
import { needsDocker } from "../harness/lab.js";
import { buildsOnIt } from "./builds.js";
import { innerImages } from "./images.js";
import { looksPulled } from "./looks.js";
import { canBeRemoved } from "./removal.js";
import { type Running, start, systems } from "./systems.js";
import { canBeTransferred } from "./transfers.js";

for (const system of systems) {
  describe(`inner Docker ${system.version}, ${system.store.name}: a preloaded image is as if it had been pulled`, () => {
    let running: Running;
    before(async function () {
      needsDocker(this, system.version);
      running = await start(system, await innerImages());
    });
    after(cleanUp);

    looksPulled(system, () => running);
    canBeTransferred(system, () => running);
    buildsOnIt(system, () => running);
    canBeRemoved(system, () => running);
  });
}
