// The worker of the front page: an engine, as in a page of anyone's own.
import { serveEngine } from "../../src/engine/port/serve-engine.ts";

serveEngine();
