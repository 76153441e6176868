// Example: einsum by hand. jshell --class-path "$(cat class-path)" einsum.jsh
import io.github.einblas.*;
Tensor a = Tensor.of(new float[] {1, 2, 3, 4}, 2, 2);
System.out.println(Einsum.einsum("ij,ij->", a, a));
a.close();
/exit
