// Runs in Deno: the beginnings of golden texts.
import { openGpu } from "../../../src/index.ts";
import { generateGolden } from "./model.ts";

export async function work(): Promise<void> {
  using gpu = await openGpu();
  await generateGolden(gpu);
  process.exit();
}
