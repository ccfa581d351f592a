// The functions that gpu.Act names, by its numbers.
#pragma once
#include "math.h"

enum Act {
  kNoAct, kGelu, kGeluTanh, kQuickGelu, kRelu, kRelu2, kRelu6, kSilu, kTanh, kSigmoid, kMish,
  kNoActGrad, kGeluGrad, kGeluTanhGrad, kQuickGeluGrad, kReluGrad, kRelu2Grad, kRelu6Grad, kSiluGrad, kTanhGrad, kSigmoidGrad, kMishGrad,
};

// One of those that are not derivatives.
DEVICE float act_forward(int f, float x) {
  switch (f) {
  case kGelu: return math::gelu(x);
  case kGeluTanh: return math::gelu_tanh(x);
  case kQuickGelu: return math::quick_gelu(x);
  case kRelu: return math::relu(x);
  case kRelu2: return math::relu2(x);
  case kRelu6: return math::relu6(x);
  case kSilu: return math::silu(x);
  case kTanh: return math::tanh(x);
  case kSigmoid: return math::sigmoid(x);
  case kMish: return math::mish(x);
  default: return x;
  }
}

// Any.
DEVICE float act(int f, float x) {
  switch (f) {
  case kNoActGrad: return x == x ? 1 : x;
  case kGeluGrad: return math::gelu_grad(x);
  case kGeluTanhGrad: return math::gelu_tanh_grad(x);
  case kQuickGeluGrad: return math::quick_gelu_grad(x);
  case kReluGrad: return math::relu_grad(x);
  case kRelu2Grad: return math::relu2_grad(x);
  case kRelu6Grad: return math::relu6_grad(x);
  case kSiluGrad: return math::silu_grad(x);
  case kTanhGrad: return math::tanh_grad(x);
  case kSigmoidGrad: return math::sigmoid_grad(x);
  case kMishGrad: return math::mish_grad(x);
  default: return act_forward(f, x);
  }
}

// One of those that are not derivatives, of four numbers: the choice is made once.
DEVICE void act_forward4(int f, float4 &x) {
#define FOUR(code, function)                                                                                           \
  case code:                                                                                                           \
    UNROLL for (int i = 0; i < 4; i++) x[i] = math::function(x[i]);                                                    \
    break;
  switch (f) {
    FOUR(kGelu, gelu)
    FOUR(kGeluTanh, gelu_tanh)
    FOUR(kQuickGelu, quick_gelu)
    FOUR(kRelu, relu)
    FOUR(kRelu2, relu2)
    FOUR(kRelu6, relu6)
    FOUR(kSilu, silu)
    FOUR(kTanh, tanh)
    FOUR(kSigmoid, sigmoid)
    FOUR(kMish, mish)
  }
#undef FOUR
}
