import { useCallback, useEffect, useRef, useState } from "react";
import { createWorkerEngine, type Engine } from "shaderformer";

export interface Model {
  readonly state: "loading" | "ready" | "generating" | "failed";
  /** What was generated last. */
  readonly text: string;
  /** Why it failed. */
  readonly problem?: string;
  readonly generate: (prompt: string) => void;
  readonly stop: () => void;
}

const startWorker = () => new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });

/** The language model of a folder, in a worker, for as long as the component is there. */
export function useModel(source: string): Model {
  const [state, setState] = useState<Model["state"]>("loading");
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<string>();
  const engine = useRef<Engine>(undefined);
  const running = useRef<AbortController>(undefined);

  const fail = useCallback((error: unknown) => {
    setState("failed");
    setProblem(String(error));
  }, []);

  useEffect(() => {
    const gone = new AbortController();
    const worker = startWorker();
    setState("loading");
    createWorkerEngine(worker)
      .then(async (opened) => {
        await opened.load(new URL(source, document.baseURI).href, { signal: gone.signal });
        engine.current = opened;
        setState("ready");
      })
      .catch((error: unknown) => gone.signal.aborted || fail(error));
    return () => {
      gone.abort();
      running.current?.abort();
      engine.current = undefined;
      worker.terminate();
    };
  }, [source, fail]);

  const generate = useCallback(
    async (prompt: string) => {
      if (!engine.current) return;
      running.current?.abort();
      const own = new AbortController();
      const { signal } = own;
      running.current = own;
      setState("generating");
      setText("");
      try {
        const pieces = engine.current.generate({ prompt, maxTokens: 48, temperature: 0, signal });
        for await (const piece of pieces) setText((before) => before + piece.text);
        if (running.current === own) setState("ready");
      } catch (error) {
        fail(error);
      }
    },
    [fail],
  );

  const stop = useCallback(() => running.current?.abort(), []);
  return { state, text, generate, stop, ...(problem === undefined ? {} : { problem }) };
}
