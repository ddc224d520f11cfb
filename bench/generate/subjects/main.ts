// This engine on the page's own thread.
import { createEngine } from "shaderformer";
import { engineSubject } from "./engine.ts";
import { startPage } from "./page.ts";

startPage(({ hub }) => engineSubject(createEngine({ endpoint: hub })));
