/** Lets Vite and Vitest import a `.wgsl` file as its text, as esbuild's `text` loader does. */
export function wgsl() {
  return {
    name: "wgsl",
    transform(code: string, id: string) {
      return id.endsWith(".wgsl") ? { code: `export default ${JSON.stringify(code)};`, map: null } : undefined;
    },
  };
}
