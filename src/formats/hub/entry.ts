// What `../hub.ts` loads. The package has it as one file, with what it imports in it: see scripts/build.mjs.
export { openModel } from "./open-model.ts";
export { openModelCache } from "./open-model-cache.ts";
