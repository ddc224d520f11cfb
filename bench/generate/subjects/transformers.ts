// transformers.js on a page.
import { deviceName } from "../../peers/engines/device.ts";
import { repositories } from "../repositories.ts";
import { type Subject, stopwatch } from "../sample.ts";
import { openTransformers } from "../transformers.ts";
import { startPage } from "./page.ts";

startPage(async ({ hub }): Promise<Subject> => {
  const { version, device, generate } = await openTransformers({
    bundle: new URL("vendor.js", location.href).href,
    host: `${hub}/`,
    model: repositories.onnx,
    subgroups: !location.hash.includes("no-subgroups"),
  });
  return {
    version,
    device: deviceName(device),
    async generate(prompt, count) {
      const { arrived, times } = stopwatch();
      const made = await generate(prompt, count, arrived);
      return { ...made, cachedTokens: 0, ...times() };
    },
  };
});
