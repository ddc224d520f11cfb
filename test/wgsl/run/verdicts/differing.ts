/** Texts on which the checker and Dawn differ, by what differs. */
interface Difference {
  /** Who takes the texts. */
  readonly takenBy: "checker" | "Dawn";
  /** Statements, one a line. */
  readonly statements?: string;
  /** Modules, one a line. */
  readonly modules?: string;
}

/** What a run reports where it happens, and `uniformityOf` finds in the text. */
export const notUniform: Difference = {
  takenBy: "checker",
  statements: `
      if (lane > 1) { workgroupBarrier(); }
      if (out[0] > 1) { workgroupBarrier(); }
      if (whole > 1) { workgroupBarrier(); }
      if (cells[0] > 1) { workgroupBarrier(); }
      whole = 1; if (whole > 1) { workgroupBarrier(); }
      if (lane > 1) { return; } workgroupBarrier();
      for (var i = 0u; i < lane; i++) { workgroupBarrier(); }
      for (var i = 0u; i < 4; i++) { if (lane > 1) { break; } workgroupBarrier(); }
      for (var i = 0u; i < 4; i++) { workgroupBarrier(); if (lane > 1) { break; } }
      for (var i = 0u; i < 4; i++) { workgroupBarrier(); if (lane > 1) { continue; } }
      for (var i = 0u; i < 4; i++) { if (lane > 1) { return; } } workgroupBarrier();
      var x = lane; if (x > 1) { workgroupBarrier(); }
      var x = 1u; x = lane; if (x > 1) { workgroupBarrier(); }
      var x = 1u; if (lane > 1) { x = 2; } if (x > 1) { workgroupBarrier(); }
      var x = 1u; x += lane; if (x > 1) { workgroupBarrier(); }
      var x = vec2u(); x.x = lane; if (x.y > 1) { workgroupBarrier(); }
      var x = array<u32, 4>(); if (x[lane] > 1) { workgroupBarrier(); }
      var x = array<u32, 4>(); x[lane] = 1; if (x[0] > 1) { workgroupBarrier(); }
      let x = lane; if (x > 1) { workgroupBarrier(); }
      let x = helper(lane); if (x > 1) { workgroupBarrier(); }
      switch lane { case 1: { workgroupBarrier(); } default: { } }
      switch lane { case 1: { return; } default: { } } workgroupBarrier();
      var x = 1u; switch lane { case 1: { x = 2; } default: { } } if (x > 1) { workgroupBarrier(); }
      var x = 1u; switch x { case 1: { x = lane; if (x > 2) { break; } x = 1; } default: { } } if (x > 1) { workgroupBarrier(); }
      let x = workgroupUniformLoad(&cells[lane]);
      if (lane > 1) { let x = workgroupUniformLoad(&cells[1]); }
      let x = atomicAdd(&counter, 1); if (x > 1) { workgroupBarrier(); }
      let x = atomicLoad(&counter); if (x > 1) { workgroupBarrier(); }
      if (lane > 1 && true) { workgroupBarrier(); }
      loop { workgroupBarrier(); if (lane > 1) { break; } }
      loop { if (lane > 1) { break; } continuing { workgroupBarrier(); } }
      loop { continuing { workgroupBarrier(); break if lane > 1; } }
      loop { if (lane > 1) { continue; } workgroupBarrier(); continuing { break if true; } }
      loop { if (lane > 1) { continue; } continuing { workgroupBarrier(); break if true; } }
      var i = 0u; loop { if (i > lane) { break; } i++; } if (i > 3) { workgroupBarrier(); }
      var x = 0u; for (var i = 0u; i < 4; i++) { if (x > 1) { workgroupBarrier(); } x = lane; }
      while (lane > 1) { workgroupBarrier(); }
      { if (lane > 1) { return; } } workgroupBarrier();
      if (true) { if (lane > 1) { return; } } workgroupBarrier();
      if (lane > 1) { } else { workgroupBarrier(); }
      var x = 1u; let p = &x; *p = lane; if (x > 1) { workgroupBarrier(); }
      var x = array<u32, 4>(); let p = &x[lane]; if (*p > 1) { workgroupBarrier(); }
      var x = array<u32, 4>(); let p = &x[lane]; *p = 1; if (x[0] > 1) { workgroupBarrier(); }
      let p = &cells; if ((*p)[0] > 1) { workgroupBarrier(); }
      let p = &cells[lane]; let x = workgroupUniformLoad(p);
      storageBarrier(); if (lane > 1) { storageBarrier(); }
      if (lane > 1) { textureBarrier(); }
      var x = 1u; loop { if (x > 3) { break; } x = lane; if (x > 2) { continue; } x = 1; continuing { if (x > 5) { workgroupBarrier(); } } }
      var i = 0u; var x = 1u; loop { if (i > 3) { break; } x = lane; if (i > 2) { continue; } x = 1; continuing { i += 1; if (x > 5) { workgroupBarrier(); } } }
      var x = 1u; for (var i = 0; i < 3; i++) { x = lane; if (i > 1) { break; } x = 1; } if (x > 1) { workgroupBarrier(); }
      var x = 1u; for (var i = 0; i < 3; i++) { switch i { case 1: { x = lane; continue; } default: { } } x = 2; } if (x > 1) { workgroupBarrier(); }`,
  modules: `
      @compute @workgroup_size(4) fn main(@builtin(global_invocation_id) i: vec3u) { if (i.x > 1) { workgroupBarrier(); } }
      @compute @workgroup_size(4) fn main(@builtin(local_invocation_id) i: vec3u) { if (i.x > 1) { workgroupBarrier(); } }
      @compute @workgroup_size(4) fn main(@builtin(global_invocation_index) i: u32) { if (i > 1) { workgroupBarrier(); } }
      @compute @workgroup_size(4) fn main(@builtin(workgroup_index) i: u32) { if (i > 1) { workgroupBarrier(); } }
      enable subgroups; @compute @workgroup_size(4) fn main(@builtin(subgroup_id) i: u32) { if (i > 1) { workgroupBarrier(); } }
      enable subgroups; @compute @workgroup_size(4) fn main(@builtin(subgroup_invocation_id) i: u32) { if (i > 1) { workgroupBarrier(); } }
      enable subgroups; @compute @workgroup_size(4) fn main(@builtin(subgroup_invocation_id) i: u32) { if (i > 1) { let x = subgroupAdd(1); } }
      enable subgroups; @compute @workgroup_size(4) fn main(@builtin(subgroup_invocation_id) i: u32) { let x = subgroupAdd(i); if (x > 1) { workgroupBarrier(); } }
      enable subgroups; @compute @workgroup_size(4) fn main(@builtin(subgroup_invocation_id) i: u32) { let x = subgroupAdd(1u); if (x > 1) { workgroupBarrier(); } }
      enable subgroups; @compute @workgroup_size(4) fn main(@builtin(subgroup_invocation_id) i: u32) { let x = subgroupAdd(i); if (x > 1) { let y = subgroupAdd(1u); } }
      enable subgroups; @compute @workgroup_size(4) fn main(@builtin(subgroup_invocation_id) i: u32) { let x = subgroupExclusiveAdd(i); if (x > 1) { let y = subgroupAdd(1u); } }
      enable subgroups; @compute @workgroup_size(4) fn main(@builtin(subgroup_invocation_id) i: u32) { let x = subgroupExclusiveAdd(1); if (x > 1) { let y = subgroupAdd(1u); } }
      enable subgroups; @compute @workgroup_size(4) fn main(@builtin(subgroup_invocation_id) i: u32) { let x = subgroupBroadcast(i, 0); if (x > 1) { let y = subgroupAdd(1u); } }
      enable subgroups; @compute @workgroup_size(4) fn main(@builtin(subgroup_invocation_id) i: u32) { let x = subgroupBroadcast(i, 0); if (x > 1) { workgroupBarrier(); } }
      enable subgroups; @compute @workgroup_size(4) fn main(@builtin(subgroup_invocation_id) i: u32) { let x = subgroupShuffle(i, 0); if (x > 1) { let y = subgroupAdd(1u); } }
      enable subgroups; @compute @workgroup_size(4) fn main(@builtin(subgroup_invocation_id) i: u32) { let x = subgroupShuffleUp(i, i); }
      enable subgroups; @compute @workgroup_size(4) fn main(@builtin(subgroup_invocation_id) i: u32) { let x = subgroupShuffleXor(i, i); }
      enable subgroups; @compute @workgroup_size(4) fn main(@builtin(subgroup_invocation_id) i: u32) { if (subgroupElect()) { let y = subgroupAdd(1u); } }
      enable subgroups; @compute @workgroup_size(4) fn main(@builtin(subgroup_invocation_id) i: u32) { if (subgroupAll(i > 1)) { let y = subgroupAdd(1u); } }
      enable subgroups; @compute @workgroup_size(4) fn main(@builtin(subgroup_invocation_id) i: u32) { if (subgroupAny(i > 1)) { workgroupBarrier(); } }
      enable subgroups; @compute @workgroup_size(4) fn main(@builtin(subgroup_invocation_id) i: u32) { if (subgroupBallot(i > 1).x > 1) { let y = subgroupAdd(1u); } }
      enable subgroups; @compute @workgroup_size(4) fn main(@builtin(subgroup_invocation_id) i: u32) { if (subgroupBroadcastFirst(i) > 1) { let y = subgroupAdd(1u); } }
      enable subgroups; @compute @workgroup_size(4) fn main(@builtin(subgroup_invocation_id) i: u32) { if (quadSwapX(i) > 1) { let y = subgroupAdd(1u); } }
      enable subgroups; @compute @workgroup_size(4) fn main(@builtin(subgroup_invocation_id) i: u32) { if (i > 1) { let y = quadSwapX(1u); } }
      enable subgroups; @compute @workgroup_size(4) fn main(@builtin(subgroup_invocation_id) i: u32) { if (i > 1) { let y = subgroupElect(); } }
      enable subgroups; diagnostic(off, subgroup_uniformity); @compute @workgroup_size(4) fn main(@builtin(subgroup_invocation_id) i: u32) { if (i > 1) { workgroupBarrier(); } }
      struct In { @builtin(workgroup_id) w: vec3u, @builtin(local_invocation_index) l: u32 } @compute @workgroup_size(4) fn main(i: In) { if (i.w.x > 1) { workgroupBarrier(); } }
      struct In { @builtin(workgroup_id) w: vec3u, @builtin(local_invocation_index) l: u32 } @compute @workgroup_size(4) fn main(i: In) { if (i.l > 1) { workgroupBarrier(); } }
      struct In { @builtin(workgroup_id) w: vec3u, @builtin(local_invocation_index) l: u32 } @compute @workgroup_size(4) fn main(i: In) { let j = i; if (j.w.x > 1) { workgroupBarrier(); } }
      @group(0) @binding(0) var<storage> u: array<u32>; @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) l: u32) { if (u[l] > 1) { workgroupBarrier(); } }
      @group(0) @binding(0) var<storage, read_write> u: array<u32>; @compute @workgroup_size(4) fn main() { if (u[1] > 1) { workgroupBarrier(); } }
      var<private> u: u32; @compute @workgroup_size(4) fn main() { u = 1; if (u > 1) { workgroupBarrier(); } }
      var<private> u = 1u; @compute @workgroup_size(4) fn main() { if (u > 1) { workgroupBarrier(); } }
      fn f() { workgroupBarrier(); } @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) l: u32) { if (l > 1) { f(); } }
      fn f(x: u32) { if (x > 1) { workgroupBarrier(); } } @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) l: u32) { f(l); }
      fn f(x: u32) { if (x > 1) { workgroupBarrier(); } } fn g(x: u32) { f(x); } @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) l: u32) { g(l); }
      fn f(x: u32) -> u32 { return x; } @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) l: u32) { if (f(l) > 1) { workgroupBarrier(); } }
      fn f(x: u32) -> u32 { if (x > 1) { return 1; } return 2; } @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) l: u32) { if (f(l) > 1) { workgroupBarrier(); } }
      fn f(x: u32) { if (x > 1) { return; } workgroupBarrier(); } @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) l: u32) { f(l); }
      fn f(p: ptr<function, u32>) { if (*p > 1) { workgroupBarrier(); } } @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) l: u32) { var x = l; f(&x); }
      fn f(p: ptr<function, u32>, v: u32) { *p = v; } @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) l: u32) { var x = 1u; f(&x, l); if (x > 1) { workgroupBarrier(); } }
      fn f(p: ptr<function, u32>) { *p = 1; } @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) l: u32) { var x = 1u; if (l > 1) { f(&x); } if (x > 1) { workgroupBarrier(); } }
      fn f(p: ptr<workgroup, u32>) { let x = workgroupUniformLoad(p); } var<workgroup> w: array<u32, 4>; @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) l: u32) { f(&w[l]); }
      fn f(p: ptr<workgroup, u32>) -> u32 { return *p; } var<workgroup> w: array<u32, 4>; @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) l: u32) { if (f(&w[1]) > 1) { workgroupBarrier(); } }
      fn f() -> bool { workgroupBarrier(); return true; } @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) l: u32) { let x = l > 1 && f(); }`,
};

/** All differences that are known, by their reasons. */
export const differing: Readonly<Record<string, Difference>> = {
  "control flow is not proved to be uniform": notUniform,
  "control flow that a constant decides, or of what no entry point calls": {
    takenBy: "checker",
    statements: "if (false && lane > 1) { workgroupBarrier(); }",
    modules: `
      var<private> p: u32; fn f() { if (p > 1) { workgroupBarrier(); } }
      var<private> p: u32; fn f() { if (p > 1) { workgroupBarrier(); } } @compute @workgroup_size(4) fn main() { }`,
  },
  "print is the interpreter's own": { takenBy: "checker", statements: "print(lane);" },
  "Dawn takes a name in continuing for the one that a continue jumps over, though another hides it": {
    takenBy: "checker",
    statements: "loop { if lane > 1 { continue; } let z = 1; continuing { let z = 2; break if z > 0; } }",
  },
  "constants of which only steps on the way are too large": {
    takenBy: "checker",
    statements: `
      let x = mix(3e38f, 3e38f, -1f);
      let x = refract(vec2f(1, 0), vec2f(0, 1), 1e30f);
      let x = faceForward(vec2f(1), vec2f(1e38), vec2f(1e38));
      let x = modf(1e308);`,
  },
  "an index out of range, where it does not count, has another type in Dawn": {
    takenBy: "checker",
    statements: "let x = false && vec2(1)[5] > 1f;",
  },
  "rules of other stages are not checked": {
    takenBy: "checker",
    modules: `
      struct S { @interpolate(nonsense) a: u32 }
      @fragment fn main(@builtin(workgroup_id) a: vec3u) { }
      @vertex fn main() { }
      @vertex fn main() -> @builtin(position) vec4f { workgroupBarrier(); return vec4f(); }
      var<workgroup> x: u32; fn f() { x = 1; } @fragment fn main() { f(); }`,
  },
  "what other stages alone have is not run here, not even where nothing uses it": {
    takenBy: "Dawn",
    modules: `
      @group(0) @binding(0) var t: texture_2d<f32>;
      @group(0) @binding(0) var s: sampler;
      @fragment fn main() { let x = dpdx(1.0); }
      fn f() { discard; }
      fn f() { discard; } @fragment fn main() { f(); }`,
  },
  "more than the grammar of WGSL has": {
    takenBy: "Dawn",
    statements: `
      let x = 2 -- 1;
      loop { continuing { break if true; ; } }`,
  },
  "an extension that not all browsers have": {
    takenBy: "Dawn",
    statements: "var v = vec2f(); v.xy = vec2f(1);",
  },
  "an extension that browsers have and this Dawn has not": {
    takenBy: "checker",
    modules: `
      enable subgroup_size_control;
      enable subgroup_size_control; @compute @workgroup_size(8) @subgroup_size(8) fn f() { }`,
  },
  "limits of a device, which count when a pipeline is made": {
    takenBy: "Dawn",
    modules: "@compute @workgroup_size(2048) fn f() { }",
  },
  "the checker takes the values of override declarations, Dawn's pipeline does": {
    takenBy: "Dawn",
    modules: `
      override N: u32; @compute @workgroup_size(N) fn main() { }
      override A: bool;
      override n = 3; var<workgroup> b: array<u32, n>; fn f() { b[5] = 1; }
      override n = 3; fn f() { let x = array(1, 2)[n]; }
      override n = 0; fn f() { let x = 1 / n; }
      override n = 40u; fn f() { let x = 1u << n; }`,
  },
  "an array whose size is an override has that size, so that it is a value as others are": {
    takenBy: "checker",
    modules: `
      override n = 3; var<workgroup> b: array<u32, n>; fn f() { let x = b; }
      override n = 3; var<workgroup> b: array<u32, n>; var<workgroup> c: array<u32, n>; fn f() { b = c; }`,
  },
};
