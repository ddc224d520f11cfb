// Environment of projects that share browsers and a built site: after the last file, what its files share is closed and
// removed.
import type { Environment } from "vitest/runtime";
import { atEnd } from "./at-end.ts";

export default {
  name: "sharing",
  viteEnvironment: "ssr",
  setup: () => ({
    teardown: async () => {
      await Promise.all([...atEnd()].map((work) => work()));
    },
  }),
} satisfies Environment;
