enable f16;
// The numbers of peaks/multiply-add: f16, on devices with shader-f16.

alias Number = f16;
alias Numbers = vec4<f16>;
