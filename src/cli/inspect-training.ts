import { openModel as openSource } from "../formats/hub.ts";
import { memoryUse } from "../gpu/memory-use.ts";
import { TextError } from "../text/text-error.ts";
import type { Recompute } from "../train/objectives/objective.ts";
import { openTrainable } from "../train/open-trainable.ts";
import { Trainer } from "../train/trainer/trainer.ts";
import type { DeviceFlags } from "./model-options.ts";
import { openDevice } from "./open-device.ts";
import { print, printJson, say } from "./output.ts";
import { programReport } from "./program-report.ts";
import { gradientTable } from "./program-table.ts";
import { withProgress } from "./progress.ts";
import { fill, tableColumns } from "./terminal.ts";
import { quantity } from "./units.ts";

interface TrainingFlags extends DeviceFlags {
  readonly model: string;
  readonly recompute?: Recompute;
  readonly json?: boolean;
}

/** `inspect --backward`: a training step on one sequence of so many tokens, its gradients by the calls that they are of. */
export async function showTraining(flags: TrainingFlags, tokens: number): Promise<void> {
  const { model, recompute, json = false } = flags;
  const source = await openSource(model, { onWarning: say });
  using gpu = await openDevice(flags);
  const trainable = await withProgress("loading", json, (onProgress) =>
    openTrainable(gpu, source, { onProgress, onWarning: (warning) => say(`warning: ${warning}`) }),
  );
  const { decoder, objective, parameters } = trainable;
  const { context } = decoder.config;
  if (tokens > context) throw new TextError(`a sequence of ${tokens} tokens is longer than the context of ${context}`);
  const trainer = new Trainer(objective, parameters, { schedule: () => 1e-3, recompute });
  const program = trainer.program({ batch: 1, context: tokens });
  const report = programReport(program, [], tokens);
  const { planned, peak, saved, savedByBlock } = memoryUse(program);
  if (json) {
    const memory = { planned, peak, saved, savedByBlock: Object.fromEntries(savedByBlock) };
    await printJson({ training: { ...report, memory } });
  } else {
    const columns = tableColumns();
    await print(gradientTable(`training step on ${tokens} tokens`, report, columns));
    const figures = [
      `memory of temporaries: planned ${quantity(planned, "B")}`,
      `at least ${quantity(peak, "B")} at one call`,
      `${quantity(saved, "B")} kept from the forward pass for gradients`,
    ];
    await print(`${fill(figures, ", ", columns)}\n`);
    say(gpu.adapter.label);
  }
  trainer.dispose();
  trainable.dispose();
}
