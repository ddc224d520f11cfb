import { Command, CommanderError } from "commander";
import { version } from "../../package.json";
import { assertUtf8Arguments } from "./arguments.ts";
import { commands } from "./commands.ts";
import { handleOutputErrors, reportFailure } from "./output.ts";

async function main(argv: readonly string[]): Promise<void> {
  const program = new Command("shaderformer")
    .description("Transformers written in shaders, on WebGPU.")
    .version(version)
    .helpCommand(false)
    .addHelpText("after", "\nOptions of a command: shaderformer COMMAND --help");
  for (const [name, { summary, load }] of Object.entries(commands)) {
    program.addCommand((argv[0] === name ? await load() : new Command(name)).summary(summary));
  }
  for (const command of [program, ...program.commands.flatMap((one) => [one, ...one.commands])]) {
    command.exitOverride().configureOutput({
      // Commander puts "Did you mean …?" on a separate line; errors are one line here.
      outputError: (text, write) => write(`${text.trim().replace(/\s*\n\s*/g, " ")}\n`),
    });
  }
  handleOutputErrors();
  try {
    assertUtf8Arguments();
    await program.parseAsync([...argv], { from: "user" });
  } catch (error) {
    process.exitCode = error instanceof CommanderError ? error.exitCode : 1;
    if (!(error instanceof CommanderError)) reportFailure(error);
  }
}

await main(process.argv.slice(2));
