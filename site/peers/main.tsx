import { everyEngine } from "../../bench/peers/engines/every.ts";
import { startPage } from "./page.tsx";

startPage(everyEngine);
