// The worker of the front page: an engine, as on any page.
import { serveEngine } from "../../src/engine/port/serve-engine.ts";

serveEngine();
