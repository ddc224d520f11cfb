import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root, run, say, seconds, tail } from "./run.mjs";

const aDay = 24 * 60 * 60 * 1000;

/** True if this user may install packages: with apt-get, as root or by sudo without a password. */
export function mayAptInstall() {
  return reasonNot() === undefined;
}

/**
 * Installs Debian packages if this user may: as root, or by sudo without a password. Reports what it installs, or why
 * it does not. After a failure (for example no network) it does not try again for a day. SHADERFORMER_NO_APT=1 disables
 * all of this.
 */
export function aptInstall(packages, purpose) {
  const command = `apt-get install ${packages.join(" ")}`;
  const failed = join(root, ".cache", `apt-failed-${packages[0]}`);
  const why = reasonNot();
  if (why) {
    say(`${purpose} is missing and is not installed, because ${why}. To have it: sudo ${command}`);
    return false;
  }
  if (existsSync(failed) && Date.now() - statSync(failed).mtimeMs < aDay) {
    say(`${purpose} is missing; ${command} failed within the last day and is not tried again while ${failed} is there`);
    return false;
  }
  say(`installing ${purpose} (${command})`);
  const start = performance.now();
  const sudo = process.getuid?.() === 0 ? [] : ["sudo", "-n"];
  const aptGet = [...sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"];
  const bounded = ["-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=30"];
  const apt = (...args) => {
    const [program = "", ...rest] = [...aptGet, ...bounded, ...args];
    return run(program, rest);
  };
  const update = apt("update");
  const install = apt("install", "-y", "--no-install-recommends", ...packages);
  if (install.code === 0) {
    say(`installed in ${seconds(start)}`);
    return true;
  }
  mkdirSync(dirname(failed), { recursive: true });
  writeFileSync(failed, "");
  say(`${command} failed with exit code ${install.code}:`);
  console.error(tail({ stdout: update.stderr, stderr: install.stderr }));
  return false;
}

function reasonNot() {
  if (process.env.SHADERFORMER_NO_APT) return "SHADERFORMER_NO_APT is set";
  if (!existsSync("/usr/bin/apt-get"))
    return "this system has no apt-get (look for a similar package of its distribution)";
  if (process.getuid?.() === 0 || run("sudo", ["-n", "true"]).code === 0) return undefined;
  return "this user is not root and sudo is missing or asks for a password";
}
