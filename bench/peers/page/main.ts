import { everyEngine } from "../engines/every.ts";
import { startPage } from "./page.tsx";

startPage(everyEngine);
