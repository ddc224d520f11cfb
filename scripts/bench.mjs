// npm run bench -- NAME [OPTION…]: the command line's `bench`, from a build that is up to date.
import { ensureBuild } from "./setup/build.mjs";

ensureBuild();
process.argv.splice(2, 0, "bench");
await import("../dist/cli.js");
