/** A WGSL file, imported as a module: its text and the parts that it is joined with. */
declare module "*.wgsl" {
  const module: import("./gpu/shader/shader-module.ts").ShaderModule;
  export default module;
}
