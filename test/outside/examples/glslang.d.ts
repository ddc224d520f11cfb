// The package's own types are not where its package.json leads to.
declare module "@webgpu/glslang" {
  export interface Compiler {
    /** SPIR-V of a shader in GLSL. Throws where it does not compile, and prints why. */
    compileGLSL(glsl: string, stage: "vertex" | "fragment" | "compute", debug: boolean, version: string): Uint32Array;
  }
  export default function glslang(): Compiler & { then(ready: () => void): void };
}
