// The worker of worker-engine.test.ts: an engine whose answers can be given a form. The library is a file of its own.
import { setGrammarLibrary } from "../../../src/engine/grammar/library.ts";
import { serveEngine } from "../../../src/engine/port/serve-engine.ts";

const library = "/xgrammar/index.js";
setGrammarLibrary(() => import(library));
serveEngine();
