import { version } from "../../../package.json";
import { device } from "../../shell/device/device.ts";
import { linkOf } from "../model/choice.ts";
import { load } from "../model/load.ts";
import { sampling, system } from "../state.ts";
import type { Reply } from "../text/reply.ts";
import { conversation, latest, mode } from "../text/state.ts";

/** The text or the conversation as Markdown. */
export function markdown(): string {
  const name = load.value.kind === "ready" ? load.value.name : "a model";
  if (mode.value === "complete") {
    const reply = latest.value;
    return reply ? `${reply.asked}**${reply.text}**\n\n*Continued by ${name}.*\n` : "";
  }
  const said = conversation().map(({ role, text }) => `## ${role === "user" ? "You" : name}\n\n${text}\n`);
  return [...(system.value === "" ? [] : [`> ${system.value.replaceAll("\n", "\n> ")}\n`]), ...said].join("\n");
}

/** The last run with everything needed to repeat it: model, settings, seed, tokens, times, device. */
export function runAsJson(): string {
  const state = load.value;
  const reply = latest.value;
  const facts = device.value.kind === "ready" ? device.value.facts : undefined;
  const run = {
    format: "shaderformer-run-1",
    version,
    model:
      state.kind === "ready"
        ? {
            name: state.name,
            source: linkOf(state.from) ?? "files",
            architecture: state.info.architecture,
            context: state.info.context,
          }
        : null,
    sampling: { ...(state.kind === "ready" ? state.info.defaults : {}), ...sampling.value },
    ...(mode.value === "chat" ? { system: system.value, messages: conversation() } : { prompt: reply?.asked ?? "" }),
    reply: reply ? replyAsJson(reply) : null,
    device: facts ? { adapter: facts.label, software: facts.software, features: facts.features } : null,
    agent: navigator.userAgent,
  };
  return `${JSON.stringify(run, null, 2)}\n`;
}

function replyAsJson({ state, text, given, tokens, stats, result }: Reply) {
  return {
    state,
    text,
    seed: result?.seed,
    promptTokens: result?.promptTokens ?? given.map(({ token }) => token),
    tokens: tokens.map(({ token, alone, logprob, rank }) => ({ token, text: alone, logprob, rank })),
    stopReason: stats.stopReason,
    timings: result?.timings,
    memory: result?.memory,
    secondsToFirstToken: stats.firstToken === undefined ? undefined : stats.firstToken / 1000,
  };
}
