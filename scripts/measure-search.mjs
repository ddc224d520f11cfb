// node scripts/measure-search.mjs [OPTION…]: how long the search page takes to answer a key, in the browsers there are.
import { runBundled } from "./setup/run-bundled.mjs";

await runBundled("bench/search/main.ts", "peers/measure-search.mjs");
