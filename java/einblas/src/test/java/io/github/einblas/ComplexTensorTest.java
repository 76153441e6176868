// Complex tensors: parts as views, conjugate views, elements, overlaps, files, and what is refused.
package io.github.einblas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.DoubleBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ComplexTensorTest {
  private final List<Tensor> open = new ArrayList<>();

  private Tensor own(Tensor t) {
    open.add(t);
    return t;
  }

  @AfterEach
  void close() {
    open.forEach(Tensor::close);
  }

  private static void refused(String part, Runnable call) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, call::run);
    assertTrue(e.getMessage().contains(part), e.getMessage());
  }

  /** 1+2i, 3+4i, 5-6i, -0+0i, 7+inf i, nan-8i of shape (2, 3). */
  private Tensor sample() {
    double[] parts = {1, 2, 3, 4, 5, -6, -0.0, 0, 7, Double.POSITIVE_INFINITY, Double.NaN, -8};
    return own(Tensor.ofComplex(parts, 2, 3));
  }

  private static final double[] CONJUGATES = {
    1, -2, 3, -4, 5, 6, -0.0, -0.0, 7, Double.NEGATIVE_INFINITY, Double.NaN, 8
  };

  @Test
  void partsAreViews() {
    Tensor z = sample();
    Tensor re = z.real();
    Tensor im = z.imag();
    assertEquals(DType.F64, re.dtype());
    assertArrayEquals(new long[] {6, 2}, im.strides());
    assertArrayEquals(new double[] {1, 3, 5, -0.0, 7, Double.NaN}, re.toDoubleArray());
    assertArrayEquals(new double[] {2, 4, -6, 0, Double.POSITIVE_INFINITY, -8}, im.toDoubleArray());
    im.fill(9);
    re.set(-1, 0, 0);
    assertEquals(9, z.getImag(1, 2));
    assertEquals(-1, z.getReal(0, 0));
    assertArrayEquals(
        new double[] {3, 9, 7, 9}, own(z.slice(1, 1, 2).copy()).toDoubleArray(), "of a view");
    assertEquals(7, z.transpose().select(0, 1).real().get(1));
    Tensor floats = own(Tensor.ofComplex(new float[] {1, 2}));
    assertEquals(DType.F32, floats.imag().dtype());
    assertEquals(2, floats.imag().item());
    z.close();
    assertThrows(IllegalStateException.class, () -> re.get(0, 0));
  }

  @Test
  void partsOfRealTensors() {
    Tensor x = own(Tensor.of(new double[] {1, 2}));
    assertArrayEquals(new double[] {1, 2}, x.real().toDoubleArray());
    assertArrayEquals(new double[] {1, 2}, x.conj().toDoubleArray());
    assertFalse(x.conj().isConjugate());
    x.conj().set(5, 0);
    assertEquals(5, x.getReal(0));
    assertEquals(0, x.getImag(0));
    refused("F64", x::imag);
    refused("setComplex needs", () -> x.setComplex(1, 2, 0));
  }

  @Test
  void madeOfParts() {
    Tensor re = own(Tensor.of(new float[] {1, 2, 3, 4}, 2, 2));
    Tensor im = own(Tensor.of(new float[] {5, 6, 7, 8}, 2, 2));
    Tensor z = own(Tensor.complex(re.transpose(), im));
    assertEquals(DType.C64, z.dtype());
    assertArrayEquals(new float[] {1, 5, 3, 6, 2, 7, 4, 8}, z.toFloatArray());
    assertArrayEquals(new double[] {1, 5, 3, 6, 2, 7, 4, 8}, z.toDoubleArray());
    refused("one shape", () -> Tensor.complex(re, im.select(0, 0)));
    refused("both F32", () -> Tensor.complex(re, own(im.to(DType.F64))));
    refused("both F32", () -> Tensor.complex(z, z));
    refused("both F32", () -> Tensor.complex(own(re.to(DType.F16)), own(im.to(DType.F16))));
  }

  @Test
  void elements() {
    Tensor z = sample();
    z.setComplex(0.5, -0.25, 1, 0);
    assertEquals(0.5, z.getReal(1, 0));
    assertEquals(-0.25, z.getImag(1, 0));
    z.set(3, -1, 0);
    assertEquals(3, z.getReal(1, 0));
    assertEquals(0, z.getImag(1, 0));
    refused("getReal", () -> z.get(0, 0));
    refused("C128", () -> z.getLong(0, 0));
    refused("C128", () -> z.setLong(1, 0, 0));
    refused("getReal", () -> own(Tensor.scalar(DType.C64, 1)).item());
    refused("C128", z::toFloatArray);
    refused("C128", z::toIntArray);
    z.fill(2.5);
    assertArrayEquals(new double[] {2.5, 0, 2.5, 0}, z.select(0, 0).slice(0, 1, 3).toDoubleArray());
  }

  @Test
  void everyReadOfAConjugateViewConjugates() throws IOException {
    Tensor z = sample();
    Tensor c = z.conj();
    assertTrue(c.isConjugate());
    assertFalse(c.conj().isConjugate());
    assertEquals(z.address(), c.address(), "a view");
    assertArrayEquals(CONJUGATES, c.toDoubleArray());
    assertArrayEquals(CONJUGATES, own(c.copy()).toDoubleArray());
    assertFalse(own(c.copy()).isConjugate());
    Tensor stored = own(c.contiguous());
    assertFalse(stored.isConjugate());
    assertEquals(6, stored.imag().get(0, 2));
    assertEquals(-2, c.getImag(0, 0));
    assertEquals(1, c.getReal(0, 0));
    double[] out = new double[12];
    c.copyTo(out);
    assertArrayEquals(CONJUGATES, out);
    DoubleBuffer buffer = DoubleBuffer.allocate(12);
    c.copyTo(buffer);
    assertArrayEquals(CONJUGATES, buffer.array());
    Tensor narrow = own(c.to(DType.C64));
    assertEquals(6, narrow.getImag(0, 2));
    assertEquals(4, own(narrow.conj().to(DType.C128)).getImag(0, 1));
    assertEquals("[[1.-2.j]] shape=[1, 1] dtype=C128", c.slice(0, 0, 1).slice(1, 0, 1).toString());
    Tensor target = own(Tensor.zeros(DType.C128, 2, 3));
    target.copyFrom(c);
    assertArrayEquals(CONJUGATES, target.toDoubleArray());
    for (Tensor view : List.of(c.transpose(), z.transpose().conj())) {
      assertTrue(view.isConjugate(), "views of it");
      assertEquals(6, view.getImag(2, 0));
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      view.writeNpy(bytes);
      Tensor read = own(Tensor.readNpy(new ByteArrayInputStream(bytes.toByteArray())));
      assertArrayEquals(CONJUGATES, read.transpose().toDoubleArray());
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    c.writeNpy(bytes);
    Tensor read = own(Tensor.readNpy(new ByteArrayInputStream(bytes.toByteArray())));
    assertArrayEquals(CONJUGATES, read.toDoubleArray());
    assertEquals(1, c.real().get(0, 0));
    assertArrayEquals(new double[] {1, 2}, z.select(0, 0).slice(0, 0, 1).toDoubleArray(), "kept");
  }

  @Test
  void nothingIsWrittenToAConjugateView() {
    Tensor z = sample();
    Tensor c = z.conj();
    refused("fill: the target", () -> c.fill(1));
    refused("conjugate view", () -> c.set(1, 0, 0));
    refused("conjugate view", () -> c.setComplex(1, 2, 0, 0));
    refused("conjugate view", () -> c.copyFrom(own(Tensor.zeros(DType.C128, 2, 3))));
    refused("contiguous()", c::imag);
    assertEquals(2, z.getImag(0, 0));
    c.conj().setComplex(1, 20, 0, 0);
    assertEquals(20, z.getImag(0, 0));
  }

  @Test
  void partsShareElementsWithTheWhole() {
    Tensor z = own(Tensor.zeros(DType.C64, 4));
    Tensor re = z.real();
    refused("share", () -> re.copyFrom(re.flip(0)));
    re.copyFrom(z.imag());
    Tensor first = z.slice(0, 0, 2);
    refused("share", () -> first.copyFrom(first.conj()));
    EinsumPlan plan = Einsum.plan("i->i", DType.F32, new long[] {4});
    refused("shares elements", () -> plan.runInto(re, 1, 0, new Tensor[] {z.real()}));
    plan.runInto(re, 1, 0, new Tensor[] {z.imag()});
  }

  @Test
  void productsOfRealPlansRefuseComplexOperands() {
    Tensor z = sample();
    EinsumPlan plan = Einsum.plan("ij->ij", DType.F64, new long[] {2, 3});
    refused("C128", () -> plan.run(z));
  }
}
