import { openModel as openSource } from "../formats/hub.ts";
import { readBatches } from "../train/read-batches.ts";
import { Trainer } from "../train/trainer/trainer.ts";
import { openDevice } from "./open-device.ts";
import { print, printJson, say } from "./output.ts";
import { readTextFile } from "./read-text.ts";
import { openModelToTrain } from "./train-lora.ts";
import { checkOut, writeModel } from "./train-out.ts";
import { stepLine } from "./train-report.ts";
import { clipOf, learningRateOf, optimizerOptions, type TrainFlags } from "./train-settings.ts";
import { quantity } from "./units.ts";

/** `train --batches`: a step for each batch of tokens of a file, in its order. */
export async function trainOnBatches(flags: TrainFlags, file: string, model: string): Promise<void> {
  const { out, force = false, json = false } = flags;
  if (model === "") throw new Error("--model: the name of the folder is empty");
  const optimizer = optimizerOptions(flags);
  if (out !== undefined) await checkOut(out, { force });
  const text = await readTextFile(file);
  const source = await openSource(model, { onWarning: say });
  using gpu = await openDevice(flags);
  const trainable = await openModelToTrain(gpu, source, flags, json);
  const { decoder, objective, parameters } = trainable;
  const { vocabulary, context } = decoder.config;
  const batches = readBatches(file, text, { vocabulary, context });
  const trainer = new Trainer(objective, parameters, {
    optimizer,
    clip: clipOf(flags),
    schedule: learningRateOf(flags, batches.length),
    recompute: flags.recompute,
    routers: { balance: flags.routerLoss },
    ema: flags.ema,
  });
  const writing = out === undefined ? undefined : await trainable.writing(trainer.averaged);
  const start = performance.now();
  let tokens = 0;
  for (const batch of batches) {
    const found = await trainer.step(batch);
    const { step, loss, gradientNorm } = found;
    tokens += batch.ids.length * (batch.ids[0]?.length ?? 0);
    if (json) await printJson(stepLine(found));
    else await print(`step ${step}  loss ${loss.toFixed(4)}  norm ${gradientNorm.toFixed(3)}\n`);
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      const kept = out === undefined ? "" : `; ${out} is not written`;
      throw new Error(
        `step ${step}: the loss is ${loss} and the norm of the gradients ${gradientNorm}: the learning rate may be too ` +
          `high${kept}`,
      );
    }
  }
  const seconds = (performance.now() - start) / 1000;
  if (!json) {
    const count = parameters.reduce((sum, { tensor }) => sum + tensor.size, 0);
    const rate = `${Math.round(tokens / seconds)} tokens/s`;
    say(`${gpu.adapter.label} · ${quantity(count, "")} parameters · ${batches.length} steps · ${rate}`);
  }
  if (out !== undefined && writing) await writeModel(out, writing, json);
  trainer.dispose();
  trainable.dispose();
}
