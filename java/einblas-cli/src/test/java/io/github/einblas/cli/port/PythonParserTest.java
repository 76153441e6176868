// Test: random characters and broken calls are refused, or ported and proved.
package io.github.einblas.cli.port;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.einblas.DType;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class PythonParserTest {
  private static final List<String> CALLS =
      List.of(
          "np.einsum('ij,jk->ik', a, b)",
          "einops.einsum(a, b, 'batch i, batch j -> batch i j')",
          "rearrange(t, 'a b (h d) -> a h b d', h=2)",
          "reduce(t, 'a b c -> b', 'mean')",
          "repeat(v, 'j -> i j', i=2)",
          "torch.softmax(q @ k.T / 8, -1) @ v",
          "np.tensordot(a, t, axes=([0, 1], [0, 1]))",
          "c = 2 * a - 3 * np.exp(b)[:, None, ::2] + 1",
          "np.einsum(a, [0, 1], b, [1, 2], [0, 2])",
          "out[...] = np.where(a > 0.5e-1, a.sum(axis=0, keepdims=True), -1)",
          "F.layer_norm(np.concatenate([a, b], axis=1), (4,), eps=1e-5)",
          "t.permute(2, 0, 1).reshape(-1, 2).argmax(axis=1)");
  private static final String CHARACTERS =
      "abijkt01239.,:;'\"()[]{}<>=+-*/@%!&|^~#$\\_ \t\n\0\u00e4\u03b1\u200b\u202e\ud83d\ude00\u2018";

  /** Ported and proved, or refused; never anything else. */
  private static boolean said(long seed, String call) {
    String all = "seed " + seed + ": " + call;
    try {
      Port port =
          Port.of(
              new PythonSource(call),
              Map.of(),
              DType.F64,
              (name, shape) -> {
                double[] values = new double[(int) PlainTensor.size(shape)];
                Random numbers = new Random(name.hashCode());
                Arrays.setAll(values, i -> numbers.nextDouble());
                return values;
              });
      if (port.line().value().plain().isFinite()) {
        PortProof proof = PortProof.of(port.line(), port.operands(), PortedLine::run);
        assertTrue(proof.equal(), () -> all + "\n" + port.line().text() + "\n" + proof);
      }
      return true;
    } catch (IllegalArgumentException e) {
      assertTrue(e.getMessage().length() < 900, () -> all + "\n" + e.getMessage());
      return false;
    } catch (RuntimeException | StackOverflowError e) {
      throw new AssertionError(all, e);
    }
  }

  @Test
  void nonsense() {
    long seed = 1;
    Random random = new Random(seed);
    for (int n = 0; n < 2_000; n++) {
      StringBuilder text = new StringBuilder();
      int length = random.nextInt(40);
      for (int i = 0; i < length; i++) {
        text.append(CHARACTERS.charAt(random.nextInt(CHARACTERS.length())));
      }
      said(seed, text.toString());
    }
  }

  @Test
  void brokenCalls() {
    long seed = 2;
    Random random = new Random(seed);
    int done = 0;
    for (int n = 0; n < 4_000; n++) {
      StringBuilder text = new StringBuilder(CALLS.get(random.nextInt(CALLS.size())));
      for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
        int at = random.nextInt(text.length());
        switch (random.nextInt(4)) {
          case 0 -> text.deleteCharAt(at);
          case 1 -> text.insert(at, CHARACTERS.charAt(random.nextInt(CHARACTERS.length())));
          case 2 -> text.setCharAt(at, CHARACTERS.charAt(random.nextInt(CHARACTERS.length())));
          default -> {
            String other = CALLS.get(random.nextInt(CALLS.size()));
            int from = random.nextInt(other.length());
            text.insert(at, other.substring(from, Math.min(other.length(), from + 8)));
          }
        }
      }
      done += said(seed, text.toString()) ? 1 : 0;
    }
    assertTrue(done > 100, "only " + done + " broken calls were whole by chance");
  }
}
