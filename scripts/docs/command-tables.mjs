// The tables of the options of every command, from the declarations with which its arguments are parsed.
import { bundled } from "./bundled.mjs";
import { noted, widest } from "./tables.mjs";

/** The number of commands that must share an option before it is shown once for all of them. */
const several = 3;

/** The tables of docs/command-line.md, by command. */
export async function commandTables() {
  const { commands } = await bundled(`export { commands } from "./src/cli/commands.ts";`);
  const made = [];
  for (const [name, { load }] of Object.entries(commands)) made.push([name, await load()]);
  const all = made.flatMap(([, command]) => leavesOf(command)).flatMap(optionsOf);
  const counts = new Map();
  for (const { key } of all) counts.set(key, (counts.get(key) ?? 0) + 1);
  const isShared = ({ key }) => counts.get(key) >= several;
  const shared = new Map(all.filter(isShared).map((option) => [option.key, option]));
  return {
    ...Object.fromEntries(made.map(([name, command]) => [name, textOf(name, command, isShared)])),
    "several commands": groupsOf([...shared.values()]),
  };
}

/** A command, or its subcommands. */
const leavesOf = (command) => (command.commands.length > 0 ? command.commands.flatMap(leavesOf) : [command]);

/** The options of a command, with the help text of each. */
function optionsOf(command) {
  const help = command.createHelp();
  return command.options
    .filter(({ hidden }) => !hidden)
    .map((option) => {
      const { flags, description, mandatory, defaultValue, helpGroupHeading = "Options:" } = option;
      const needed = mandatory && defaultValue === undefined ? "; required" : "";
      const extra = help.optionDescription(option).slice(description.length).trim();
      return {
        flags,
        description: description + needed,
        extra,
        group: helpGroupHeading.replace(/:$/, ""),
        key: flags + description + needed + extra,
      };
    });
}

/** The text of a command; for one with subcommands the text of each, with those that add no options on one line. */
function textOf(path, command, isShared) {
  if (command.commands.length === 0) return ownText(path, command, isShared);
  const isPlain = (one) => one.registeredArguments.length === 0 && optionsOf(one).every(isShared);
  const plain = command.commands.filter(isPlain);
  const parts = command.commands
    .filter((one) => !isPlain(one))
    .map((one) => `### ${path} ${one.name()}\n\n${ownText(`${path} ${one.name()}`, one, isShared)}`);
  if (plain.length > 0) {
    const names = plain.map((one) => `\`${path} ${one.name()}\``).join(", ");
    parts.push(`### Others\n\n${names}: no options of their own.\n\n${sharedOf(plain[0], isShared)}`);
  }
  return parts.join("\n");
}

function ownText(path, command, isShared) {
  const help = command.createHelp();
  const given = command.registeredArguments.map((argument) => ({
    term: argument.required
      ? `<${argument.name()}${argument.variadic ? "..." : ""}>`
      : `[${argument.name()}${argument.variadic ? "..." : ""}]`,
    what: help.argumentDescription(argument),
  }));
  const usage = ["shaderformer", path, ...given.map(({ term }) => term), "[options]"].join(" ");
  const own = optionsOf(command).filter((option) => !isShared(option));
  return [
    `\`\`\`\n${usage}\n\`\`\`\n`,
    ...(given.length > 0
      ? [
          noted(
            ["argument", "meaning"],
            given.map(({ term, what }) => row(term, what, "")),
          ),
        ]
      : []),
    ...(own.length > 0 ? [groupsOf(own)] : []),
    sharedOf(command, isShared),
  ].join("\n");
}

/** The names of the options that a command shares with others. */
function sharedOf(command, isShared) {
  const names = optionsOf(command).filter(isShared);
  if (names.length === 0) return "";
  const list = names.map(({ flags }) => `\`${/--[\w-]+/.exec(flags)?.[0]}\``).join(", ");
  return `[As other commands](#options-of-several-commands): ${list}.\n`;
}

/** A table for each group of options, in their order. */
function groupsOf(options) {
  const groups = new Map();
  for (const option of options) groups.set(option.group, [...(groups.get(option.group) ?? []), option]);
  return [...groups]
    .map(([group, members]) => {
      const rows = members.map(({ flags, description, extra }) => row(flags, description, extra));
      return `${group === "Options" ? "" : `${group}:\n\n`}${noted(["option", "meaning"], rows)}`;
    })
    .join("\n");
}

/** A row of a name and a text; what would make the cell too wide goes below the table. */
function row(name, text, extra) {
  const term = `\`${name}\``;
  const more = extra === '(default: "")' ? "" : extra;
  const whole = asProse(more ? `${text} ${more}` : text);
  if (whole.length <= widest) return { cells: [term, whole] };
  if (text.length > widest) return { cells: [term, "below"], note: whole };
  return { cells: [term, asProse(text)], note: asProse(more.slice(1, -1)) };
}

/** A text of the help, whose signs are not those of Markdown. */
const asProse = (text) => text.replaceAll(/[<*]/g, "\\$&");
