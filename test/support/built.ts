// Imported by tests that run dist/: it is built once, from what is there.
import { execFileSync } from "node:child_process";

execFileSync(process.execPath, ["-e", `import("./scripts/setup/build.mjs").then(({ ensureBuild }) => ensureBuild())`]);
