/**
 * A storage buffer or uniform of a shader as it is declared: its group, binding, name, address space, access and type.
 */
export interface BindingDeclaration {
  readonly group: number;
  readonly binding: number;
  readonly name: string;
  readonly space: "storage" | "uniform";
  readonly access: "read" | "read_write";
  readonly type: string;
}

/** A binding as `group binding access type name`, where the access of a uniform is `uniform`. */
export const bindingText = ({ group, binding, name, space, access, type }: BindingDeclaration): string =>
  [group, binding, space === "uniform" ? space : access, type, name].join(" ");

/** The binding that `bindingText` wrote. */
export function bindingOf(text: string): BindingDeclaration {
  const [group, binding, use, type = "", name = ""] = text.split(" ");
  const space = use === "uniform" ? "uniform" : "storage";
  const access = use === "read_write" ? "read_write" : "read";
  return { group: Number(group), binding: Number(binding), name, space, access, type };
}

/** What one WGSL file declares at module scope, as far as the engine needs it. Kinds that it has none of are absent. */
export interface FileDeclarations {
  /** As `bindingText` writes them, since every page has those of all its shaders. */
  readonly bindings?: readonly string[];
  /** Bodies of structs, by name. */
  readonly structs?: Readonly<Record<string, string>>;
  /** Right-hand sides of `const` declarations, by name. */
  readonly constants?: Readonly<Record<string, string>>;
  /** Right-hand sides of `alias` declarations, by name. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Types of workgroup variables. */
  readonly workgroup?: readonly string[];
  /** The arguments of `@workgroup_size`, as text. */
  readonly workgroupSize?: string;
}

/**
 * A WGSL file with the parts that its `// with:` lines name: what importing a `.wgsl` file gives, and what
 * `wgslModule(text)` returns. A module is plain data; its declarations are read at build time, not in the page.
 */
export interface ShaderModule {
  /** Path under `shaders/` without ending, for example `norm/rms-norm`. Its folder is the slot that it fits into. */
  readonly name: string;
  readonly code: string;
  /** The default parts, in the order in which the file names them. */
  readonly parts: readonly ShaderModule[];
  readonly declares: FileDeclarations;
  /** A prefix put in front of all names of a user's text, so that they clash with no others. Errors leave it out. */
  readonly renamed?: string;
  /** Set for a text or file of a user's: the type of the tensor that each of its storage buffers is, by name. */
  readonly types?: Readonly<Record<string, "f32" | "u32" | "i32" | "f16">>;
  /** Set for a text that was not tested with the others: throws `ShaderError` where their names clash. */
  readonly check?: (joined: JoinedModules) => void;
}

/** The modules of one shader: the kernel's first, then its parts. */
export interface JoinedModules {
  /** Name of the kernel. */
  readonly shader: string;
  readonly modules: readonly ShaderModule[];
  /** Default parts that others replace. */
  readonly replaced: readonly ShaderModule[];
}
