// node scripts/measure/search.mjs [OPTION…]: how long the search page takes to answer a key press, in the installed
// browsers.
import { runBundled } from "../setup/run-bundled.mjs";

await runBundled("bench/search/main.ts", "peers/measure-search.mjs");
