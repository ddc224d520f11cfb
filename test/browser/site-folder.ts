// Set-up of projects whose tests open pages: a folder for built sites, which scripts/test.mjs gives to all kinds of a
// run. The first file that needs the site builds it; sources that have changed since are built again.
import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  export interface ProvidedContext {
    siteFolder: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const shared = process.env["SHADERFORMER_SITE"];
  const folder = shared ? resolve(shared) : join(tmpdir(), `shaderformer-site-${randomUUID()}`);
  const remove = () => rm(folder, { recursive: true, force: true });
  project.provide("siteFolder", folder);
  if (shared) return async () => {};
  project.onTestsRerun(remove); // something was edited
  return remove;
}
