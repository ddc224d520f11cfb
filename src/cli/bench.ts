import { Command } from "commander";
import { attentionBench } from "./bench-attention.ts";
import { generateBench } from "./bench-generate.ts";
import { moeBench } from "./bench-moe.ts";
import { opBenches } from "./bench-ops.ts";
import { peersBench } from "./bench-peers.ts";
import { speculativeBench } from "./bench-speculative.ts";

/** `shaderformer bench`: one command per op or comparison. */
export async function benchCommand(): Promise<Command> {
  const command = new Command("bench")
    .description(
      "Check kernels against float64, then time the correct ones, and show how close they come to this device's " +
        "measured peaks.",
    )
    .helpCommand(false)
    .addHelpText("after", "\nOptions of a bench: shaderformer bench NAME --help");
  command.addCommand(await attentionBench());
  command.addCommand(moeBench());
  command.addCommand(generateBench());
  command.addCommand(speculativeBench());
  command.addCommand(peersBench());
  for (const bench of await opBenches()) command.addCommand(bench);
  return command;
}
