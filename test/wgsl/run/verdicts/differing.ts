/** Texts on which the checker and Dawn differ, by what differs. */
interface Difference {
  /** Who takes the texts. */
  readonly takenBy: "checker" | "Dawn";
  /** Statements, one a line. */
  readonly statements?: string;
  /** Modules, one a line. */
  readonly modules?: string;
}

/** All differences that are known, by their reasons. */
export const differing: Readonly<Record<string, Difference>> = {
  "control flow is not proved to be uniform: a run reports lanes that do not meet": {
    takenBy: "checker",
    statements: `
      if (lane > 1) { workgroupBarrier(); }
      if (out[0] > 1) { workgroupBarrier(); }
      if (lane > 1) { return; } workgroupBarrier();
      for (var i = 0u; i < lane; i++) { workgroupBarrier(); }`,
    modules: `
      var<workgroup> a: u32; @compute @workgroup_size(4) fn main() { if (a > 1) { workgroupBarrier(); } }
      enable subgroups; @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) n: u32) { if (n > 2) { let x = subgroupAdd(1u); } }`,
  },
  "print is the interpreter's own": { takenBy: "checker", statements: "print(lane);" },
  "the budget of steps ends what never ends": {
    takenBy: "checker",
    statements: `
      for (;;) { }
      loop { }`,
    modules: "fn f() -> u32 { loop { } }",
  },
  "whether a function always returns is not checked": {
    takenBy: "checker",
    modules: `
      fn f() -> u32 { }
      fn f() -> u32 { if (true) { return 1; } }
      fn f(x: u32) -> u32 { switch x { case 1: { break; } default: { return 1; } } }`,
  },
  "what may stand in continuing, or be jumped over to it, is not checked": {
    takenBy: "checker",
    statements: `
      loop { continuing { return; } }
      loop { if (lane > 1) { continue; } let z = 1; continuing { let y = z; break if y > 0; } }`,
  },
  "aliases among arguments are not searched for": {
    takenBy: "checker",
    modules: `
      fn f(p: ptr<function, u32>, q: ptr<function, u32>) { *p = 1; *q = 2; } fn g() { var x = 1u; f(&x, &x); }
      var<private> v: u32; fn f(p: ptr<private, u32>) { *p = 1; v = 2; } fn g() { f(&v); }`,
  },
  "values that have to be used, and those that do not exist": {
    takenBy: "checker",
    statements: `
      must(1);
      let x = nothing();
      let x = atomicStore(&counter, 1);`,
    modules: "@must_use fn f() { }",
  },
  "which types a variable, a parameter or a result may have is not checked in full": {
    takenBy: "checker",
    statements: `
      var x: array<u32>;
      var<private> x = 1;`,
    modules: `
      fn f(a: array<u32>) { }
      fn f(a: atomic<u32>) { }
      fn f(p: ptr<function, u32>) -> ptr<function, u32> { return p; }
      struct S { a: array<u32>, b: u32 } @group(0) @binding(0) var<storage> s: S;
      struct S { a: bool } @group(0) @binding(0) var<storage> s: S;
      struct S { b: u32, a: array<u32> } var<private> s: S;
      @group(0) @binding(0) var<uniform> s: array<vec4f>;
      @group(0) @binding(0) var<storage, read> s: atomic<u32>;
      var<private> s: atomic<u32>;
      var<workgroup> a: array<atomic<u32>, 4>; @compute @workgroup_size(1) fn main() { let x = a; }
      @compute @workgroup_size(1) fn main() -> u32 { return 1; }
      override N = vec2f(); @compute @workgroup_size(1) fn main() { }`,
  },
  "declarations that nothing uses are not checked in full": {
    takenBy: "checker",
    modules: `
      struct S { }
      struct S { a: u32, a: f32 }
      alias A = nonsense;
      @group(0) @binding(0) var<storage, write> s: u32;
      @group(0) @binding(0) var<private> s: u32;
      override A = 1; const B = A;
      override n = 3; var<private> b: array<u32, n>;`,
  },
  "attributes and directives are not checked in full": {
    takenBy: "checker",
    modules: `
      requires nonsense;
      diagnostic(maybe, derivative_uniformity);
      @nonsense fn f() { }
      @compute @compute @workgroup_size(1) fn f() { }
      @compute @workgroup_size(1, 2, 3, 4) fn main() { }
      @compute @workgroup_size(4) fn main(@builtin(subgroup_invocation_id) n: u32) { }
      @compute @workgroup_size(1) fn main(@builtin(workgroup_id) a: vec3u, @builtin(workgroup_id) b: vec3u) { }
      fn f(@builtin(workgroup_id) x: vec3u) { }
      struct S { @align(3) a: u32 }
      struct S { @size(2) a: u32 }`,
  },
  "arguments that are constants out of range": {
    takenBy: "checker",
    statements: `
      let x = clamp(lane, 3, 1);
      let x = smoothstep(1.0, 1.0, 0.5);
      let x = extractBits(lane, 30, 4);
      let x = insertBits(lane, 1u, 0u, 33u);
      const x = pack2x16float(vec2f(1e6));
      let x = 1i << 31;`,
    modules: `
      enable subgroups; fn f(x: u32) { let y = subgroupShuffle(x, 128); }
      enable subgroups; fn f(x: u32) { let y = quadBroadcast(x, 4); }`,
  },
  "numbers that f32 rounds: Dawn refuses hexadecimal ones, and decimal ones above the largest": {
    takenBy: "checker",
    statements: `
      let x = 0x1.000001p0f;
      let x = 340282350000000000000000000000000000000f;`,
  },
  "operators and functions of matrices": {
    takenBy: "checker",
    statements: `
      let x = -mat2x2f();
      let x = determinant(mat2x3f());`,
  },
  "textures and samplers are not run here, not even where nothing uses them": {
    takenBy: "Dawn",
    modules: `
      @group(0) @binding(0) var t: texture_2d<f32>;
      @group(0) @binding(0) var s: sampler;`,
  },
  "an extension that not all browsers have": { takenBy: "Dawn", statements: "var v = vec2f(); v.xy = vec2f(1);" },
  "the checker takes the values of override declarations, Dawn's pipeline does": {
    takenBy: "Dawn",
    modules: "override N: u32; @compute @workgroup_size(N) fn main() { }",
  },
  "the right side of && and || is computed, even if it does not count": {
    takenBy: "Dawn",
    statements: `
      let x = false && 1 / 0 > 1;
      let x = false && u32(-1) > 1;
      let x = true || 1 / 0 > 1;`,
  },
  "abstract integers are doubles, exact to 2^53": {
    takenBy: "Dawn",
    statements: `
      const_assert 9007199254740993 - 9007199254740992 == 1;
      let x = 1 >> 64;`,
  },
  "what is abstract becomes an i32 too soon": {
    takenBy: "Dawn",
    statements: `
      switch (1) { case 1u: { } default: { } }
      let x = vec2();`,
  },
};
