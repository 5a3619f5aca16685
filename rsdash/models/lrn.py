"""Local Response Normalization, written so that training on CPU does not wait for it.

The window over the channels is summed by shifted additions of a padded buffer, and the tensor is
worked through in pieces that stay in the processor's cache. Only the input is kept for backward.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

PIECE_ELEMENTS = 65_536
"""Elements per thread and piece; a multiple of torch's grain of parallel work (32,768)."""


class Window(NamedTuple):
    """The constants of y = x * (k + alpha / size * sum of x² over `size` channels) ** -beta."""

    size: int
    alpha: float
    beta: float
    k: float


class LocalResponseNorm(nn.Module):
    """`torch.nn.LocalResponseNorm`, several times faster on CPU and of the same values.

    Krizhevsky, Sutskever and Hinton (2012), section 3.3. As in torch, alpha multiplies the
    *average* over the window: the paper's alpha = 1e-4 on the sum of 5 channels is 5e-4 here.

    Input and output are (N, C, ...) of any floating dtype; the memory format is kept. Half
    precision is computed in float32 and returned in the input's dtype.

    Args:
        size: channels in the window, at least 1; an even window reaches one further down, as in torch.
        alpha: factor on the average of the squares.
        beta: exponent; 0.75 takes square roots in place of a power.
        k: constant added to the average.
    """

    def __init__(self, size: int, *, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.window = Window(size, alpha, beta, k)

    def forward(self, x: Tensor) -> Tensor:
        """Normalize x of shape (N, C, ...) over neighbouring channels."""
        if x.numel() == 0 or _becomes_a_graph():
            return functional.local_response_norm(x, *self.window)
        return _LocalResponseNorm.apply(x, self.window)  # pyright: ignore[reportReturnType]  # untyped in torch

    def extra_repr(self) -> str:
        """The constants, as `print(model)` shows them."""
        return ", ".join(f"{name}={value}" for name, value in self.window._asdict().items())


class _LocalResponseNorm(torch.autograd.Function):
    """With s = k + alpha / size * sum(x²), y = x * s^-beta and, W summing over the mirrored window,
    dx = g * s^-beta - 2 alpha beta / size * x * W(g * x * s^(-beta - 1)).
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, window: Window) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]  # as torch documents it
        x = _dense(x)
        ctx.save_for_backward(x)
        ctx.window = window
        y = torch.empty_like(x)
        for scratch, (x_piece, y_piece) in _pieces(window, x, y):
            scratch.compute_factors(x_piece)
            scratch.write(y_piece, torch.mul, x_piece, scratch.inside(scratch.factor))
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # pyright: ignore[reportIncompatibleMethodOverride]  # as torch documents it
        (x,) = ctx.saved_tensors
        window: Window = ctx.window
        if gradient.stride() != x.stride():
            gradient = torch.empty_like(x).copy_(gradient)
        result = torch.empty_like(x)
        weight = -2 * window.alpha * window.beta / window.size
        for scratch, (x_piece, g_piece, out) in _pieces(window, x, gradient, result):
            scratch.compute_factors(x_piece, steeper=True)
            reach = scratch.gather(x_piece, g_piece).mul_(x_piece)
            direct = scratch.inside(scratch.factor).mul_(g_piece)
            scratch.write(out, torch.add, direct, reach, alpha=weight)
        return result, None


class _Scratch:
    """Buffers for one piece of shape (rows, channels, inner), each padded by size - 1 channels.

    A shift by one channel is a shift by `inner` elements of a flat buffer, so that the sums run over
    one long vector. What they leave in the padding is never read.
    """

    def __init__(self, piece: Tensor, window: Window, dtype: torch.dtype) -> None:
        rows, self.channels, self.inner = piece.shape
        self.window = window
        self.shape = (rows, self.channels + window.size - 1, self.inner)

        def buffer(fill: float = 0.0, shape: tuple[int, ...] = self.shape) -> Tensor:
            return torch.full(shape, fill, dtype=dtype, device=piece.device)

        self.base = buffer(window.k / window.size, ())  # made on the device: a GPU would wait for a copy
        self.squares = buffer(window.k / window.size)
        self.products: Tensor | None = None
        self.factor = torch.empty_like(self.squares)
        self.spare = (buffer(), buffer())

    def inside(self, buffer: Tensor, start: int = 0) -> Tensor:
        """The piece within a padded buffer, (rows, channels, inner)."""
        return buffer.narrow(1, start, self.channels)

    def compute_factors(self, x: Tensor, *, steeper: bool = False) -> None:
        """Set `factor` to s^-beta and, if asked, `steep` (one of the spare buffers) to s^(-beta - 1)."""
        inside = self.inside(self.squares, self.window.size // 2)
        torch.addcmul(self.base, x, x, value=self.window.alpha / self.window.size, out=inside)
        scale = self._window_sum(self.squares)  # k is in it: size times k / size
        self.steep = scale
        if self.window.beta == 0.75:
            root = scale.rsqrt_()  # s^-1/2
            torch.sqrt(root, out=self.factor).mul_(root)
            if steeper:
                scale.square_().mul_(self.factor)
            return
        torch.pow(scale, -self.window.beta, out=self.factor)
        if steeper:
            torch.div(self.factor, scale, out=scale)

    def gather(self, x: Tensor, gradient: Tensor) -> Tensor:
        """Sum g * x * s^(-beta - 1) over the mirrored window, (rows, channels, inner)."""
        if self.products is None:
            self.products = torch.zeros_like(self.squares)
        inside = self.inside(self.products, (self.window.size - 1) // 2)
        torch.mul(x, gradient, out=inside).mul_(self.inside(self.steep))
        return self.inside(self._window_sum(self.products))

    def write(self, target: Tensor, operation: Any, *operands: Tensor, **options: float) -> None:
        """Store operation(*operands) in `target`, rounding once at the end where its dtype is a short one."""
        if target.dtype == self.base.dtype:
            operation(*operands, **options, out=target)
        else:
            target.copy_(operation(*operands, **options))

    def _window_sum(self, padded: Tensor) -> Tensor:
        """Sum `size` neighbours by doubling: for 5 channels 1 → 2 → 4, then one more."""
        flat, span, length = padded.view(-1), 1, padded.numel()
        total, (target, other) = flat, self.spare
        for bit in bin(self.window.size)[3:]:
            length -= span * self.inner
            shifted = total[span * self.inner :][:length]
            total = torch.add(total[:length], shifted, out=target.view(-1)[:length])
            span, target, other = 2 * span, other, target
            if bit == "1":
                length -= self.inner
                total = total[:length].add_(flat[span * self.inner :][:length])
                span += 1
        return other if span > 1 else other.copy_(padded)


def _pieces(window: Window, *tensors: Tensor) -> Iterator[tuple[_Scratch, list[Tensor]]]:
    """Walk through tensors of one layout, piece by piece, with buffers that are used again."""
    views = [_rows(tensor) for tensor in tensors]
    count, channels, inner = views[0].shape
    dtype = torch.float32 if views[0].element_size() < 4 else views[0].dtype
    step = count
    if views[0].device.type == "cpu":
        step = max(1, PIECE_ELEMENTS * torch.get_num_threads() // (channels * inner))
    scratch = None
    for start in range(0, count, step):
        pieces = [view[start : start + step] for view in views]
        if scratch is None or len(pieces[0]) != scratch.shape[0]:
            scratch = _Scratch(pieces[0], window, dtype)
        inputs = [piece.to(dtype) for piece in pieces[:-1]]  # the last one is written to
        yield scratch, [*inputs, pieces[-1]]


def _dense(x: Tensor) -> Tensor:
    if x.is_contiguous() or x.movedim(1, -1).is_contiguous():
        return x
    return x.contiguous()


def _rows(x: Tensor) -> Tensor:
    """View a dense (N, C, ...) as (rows, C, inner): inner is 1 in channels-last, else the image."""
    last = x.movedim(1, -1)
    if last.is_contiguous():
        return last.reshape(-1, x.shape[1], 1)
    return x.view(x.shape[0], x.shape[1], math.prod(x.shape[2:]))


def _becomes_a_graph() -> bool:
    """Compilers and exporters want the one operation they know."""
    return torch.compiler.is_compiling() or torch.onnx.is_in_onnx_export() or torch.jit.is_tracing()  # pyright: ignore[reportPrivateImportUsage]  # public by its documentation
