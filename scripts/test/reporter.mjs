// A reporter for vitest that writes the data that scripts/test.mjs adds up: for each file its time and the outcomes of
// its tests. A test that the tier skips by its tag is `left`.
//   SHADERFORMER_RESULTS=FILE vitest run --reporter=scripts/test/reporter.mjs
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, relative } from "node:path";

const messagesOf = (errors = []) => errors.map(({ stack, message }) => stack ?? message);

export default class Results {
  onInit({ config }) {
    this.filter = config.tagsFilter?.[0];
  }

  onTestModuleEnd(module) {
    const tests = [...module.children.allTests()].map((test) => this.#test(test));
    const ran = tests.filter(({ state }) => state !== "left");
    const failed = ran.filter(({ state }) => state === "failed").length;
    const broken = module.errors().length > 0 ? ", failed to load" : "";
    const { loading, running } = this.#times(module.diagnostic());
    const what = `${ran.length} tests${failed > 0 ? `, ${failed} failed` : ""}${broken}`;
    const seconds = (loading + running).toFixed(1).padStart(6);
    process.stderr.write(
      `${failed > 0 || broken ? "✗" : "✓"} ${seconds} s  ${relative(process.cwd(), module.moduleId)}: ${what}\n`,
    );
  }

  onTestRunEnd(modules, unhandled) {
    const files = modules.map((module) => ({
      file: relative(process.cwd(), module.moduleId),
      kind: module.project.name,
      ...this.#times(module.diagnostic()),
      errors: messagesOf(module.errors()),
      tests: [...module.children.allTests()].map((test) => this.#test(test)),
    }));
    const path = process.env.SHADERFORMER_RESULTS;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, JSON.stringify({ unhandled: messagesOf(unhandled), files }));
  }

  #times({ collectDuration, setupDuration, environmentSetupDuration, duration }) {
    return { loading: (collectDuration + setupDuration + environmentSetupDuration) / 1000, running: duration / 1000 };
  }

  #test(test) {
    const { state, errors } = test.result();
    const isFirst = test.tags?.includes("first") ?? false;
    const isLeft = this.filter !== undefined && isFirst !== (this.filter === "first");
    return {
      name: test.fullName,
      state: isLeft ? "left" : state,
      seconds: (test.diagnostic()?.duration ?? 0) / 1000,
      errors: messagesOf(errors),
    };
  }
}
