/* The machine-dependent half of jni.h for Windows, by the JNI specification: a cross build has another system's JDK. */
#ifndef EINBLAS_JNI_MD_H
#define EINBLAS_JNI_MD_H

#define JNIEXPORT __declspec(dllexport)
#define JNIIMPORT __declspec(dllimport)
#define JNICALL __stdcall

typedef int jint; /* 32 bits on Windows, as long is */
typedef long long jlong;
typedef signed char jbyte;

#endif
