// Loaded by `../hub.ts`. In the package it is one bundled file: see scripts/build.mjs.
export { openModel } from "./open-model.ts";
export { openModelCache } from "./open-model-cache.ts";
