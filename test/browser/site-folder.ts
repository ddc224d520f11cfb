// Set-up of projects whose tests open pages: a folder for the built site. The first file that needs the site builds it.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  export interface ProvidedContext {
    siteFolder: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "shaderformer-site-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  project.provide("siteFolder", folder);
  project.onTestsRerun(remove); // something was edited
  return remove;
}
