// Port: an expression of Java over the library: its text, and its value by running what it says.
package io.github.einblas.cli.port;

import io.github.einblas.Tensor;
import java.lang.reflect.Array;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** A tree that is printed and run: the method that is called is found by the name that is shown. */
sealed interface JavaExpression {
  String text();

  /** Runs it; operands are the tensors by name. */
  Object value(Map<String, Tensor> operands);

  /** Adds the public types that the text names. */
  void addTypes(Set<String> types);

  /** A name of a tensor. */
  record Variable(String text) implements JavaExpression {
    @Override
    public Object value(Map<String, Tensor> operands) {
      return operands.get(text);
    }

    @Override
    public void addTypes(Set<String> types) {}
  }

  /** A number, a text, an array or a constant; type is the imported type it names, or null. */
  record Literal(String text, Object constant, Class<?> type) implements JavaExpression {
    @Override
    public Object value(Map<String, Tensor> operands) {
      return constant;
    }

    @Override
    public void addTypes(Set<String> types) {
      if (type != null) {
        types.add(type.getName());
      }
    }
  }

  /** {@code Owner.method(arguments)}, or {@code target.method(arguments)} where owner is null. */
  record Call(Class<?> owner, JavaExpression target, String method, List<JavaExpression> arguments)
      implements JavaExpression {
    @Override
    public String text() {
      return (owner == null ? target.text() : owner.getSimpleName())
          + "."
          + method
          + arguments.stream()
              .map(JavaExpression::text)
              .collect(Collectors.joining(", ", "(", ")"));
    }

    @Override
    public Object value(Map<String, Tensor> operands) {
      Object on = owner == null ? target.value(operands) : null;
      List<Object> values = new ArrayList<>();
      arguments.forEach(a -> values.add(a.value(operands)));
      return invoke(owner == null ? on.getClass() : owner, on, method, values);
    }

    @Override
    public void addTypes(Set<String> types) {
      if (owner == null) {
        target.addTypes(types);
      } else {
        types.add(owner.getName());
      }
      arguments.forEach(a -> a.addTypes(types));
    }
  }

  static JavaExpression call(Class<?> owner, String method, Object... arguments) {
    return new Call(owner, null, method, expressions(arguments));
  }

  /** A call of a method of this. */
  default JavaExpression then(String method, Object... arguments) {
    return new Call(null, this, method, expressions(arguments));
  }

  private static List<JavaExpression> expressions(Object... arguments) {
    List<JavaExpression> all = new ArrayList<>();
    for (Object argument : arguments) {
      if (argument instanceof Object[] several) {
        all.addAll(expressions(several));
      } else {
        all.add(argument instanceof JavaExpression e ? e : literal(argument));
      }
    }
    return List.copyOf(all);
  }

  /** Text and value of a constant. */
  static JavaExpression literal(Object constant) {
    if (constant instanceof String s) {
      return new Literal('"' + s + '"', s, null);
    }
    if (constant instanceof int[] ints) {
      String items =
          Arrays.stream(ints).mapToObj(Integer::toString).collect(Collectors.joining(", "));
      return new Literal("new int[] {" + items + "}", ints, null);
    }
    if (constant instanceof Double number) {
      return new Literal(number(number), number, null);
    }
    if (constant instanceof Enum<?> e) {
      Class<?> type = e.getDeclaringClass();
      Class<?> outer = type.getEnclosingClass();
      String owner = outer == null ? "" : outer.getSimpleName() + ".";
      return new Literal(
          owner + type.getSimpleName() + "." + e.name(), e, outer == null ? type : outer);
    }
    return new Literal(String.valueOf(constant), constant, null);
  }

  private static String number(double value) {
    if (value == Math.rint(value) && Math.abs(value) < 1e9) {
      return Long.toString((long) value);
    }
    if (Math.abs(value) >= 1e-9 && Math.abs(value) < 1e-3) { // 1e-5, as one writes it
      return Double.toString(value).replace(".0E", "e").replace('E', 'e');
    }
    return Double.toString(value);
  }

  private static Object invoke(Class<?> type, Object on, String name, List<Object> given) {
    for (boolean several : new boolean[] {false, true}) { // fixed arity first, as Java does
      for (Method method : type.getMethods()) {
        if (!method.getName().equals(name)
            || (several && !method.isVarArgs())
            || Modifier.isStatic(method.getModifiers()) != (on == null)) {
          continue;
        }
        Object[] arguments = arguments(method.getParameterTypes(), given, several);
        if (arguments != null) {
          return invoke(method, on, arguments);
        }
      }
    }
    throw new AssertionError("no method " + type.getSimpleName() + "." + name + " for " + given);
  }

  private static Object invoke(Method method, Object on, Object... arguments) {
    try {
      return method.invoke(on, arguments);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      if (e.getCause() instanceof Error cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    } catch (IllegalAccessException e) {
      throw new AssertionError(e);
    }
  }

  /** Arguments as a method takes them; null if it does not. */
  private static Object[] arguments(Class<?>[] types, List<Object> given, boolean several) {
    int fixed = several ? types.length - 1 : types.length;
    if (several ? given.size() < fixed : given.size() != fixed) {
      return null;
    }
    Object[] arguments = new Object[types.length];
    for (int i = 0; i < fixed; i++) {
      if (!fits(types[i], given.get(i))) {
        return null;
      }
      arguments[i] = widened(types[i], given.get(i));
    }
    if (several) {
      Class<?> each = types[fixed].getComponentType();
      Object rest = Array.newInstance(each, given.size() - fixed);
      for (int i = fixed; i < given.size(); i++) {
        if (!fits(each, given.get(i))) {
          return null;
        }
        Array.set(rest, i - fixed, widened(each, given.get(i)));
      }
      arguments[fixed] = rest;
    }
    return arguments;
  }

  private static boolean fits(Class<?> type, Object value) {
    if (value == null) {
      return !type.isPrimitive();
    }
    if (type == double.class) {
      return value instanceof Double || value instanceof Integer || value instanceof Long;
    }
    if (type == long.class) {
      return value instanceof Long || value instanceof Integer;
    }
    return type == int.class ? value instanceof Integer : type.isInstance(value);
  }

  private static Object widened(Class<?> type, Object value) {
    if (type == double.class && value instanceof Number n) {
      return n.doubleValue();
    }
    return type == long.class && value instanceof Number n ? (Object) n.longValue() : value;
  }
}
