// A stand-in for libcuda.so.1. Every call goes over a Unix socket to a server in Go, which has the devices; this file
// keeps what is the process's own: the current context of each thread, page-locked memory, strings.
//
// -DSOCKET="path" says where the server is. Without it every call succeeds and does nothing: an empty driver, for
// the costs of calls. -DcuX=gone leaves out a function.
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

typedef uint64_t u64;
typedef uint32_t u32;

enum { INVALID_VALUE = 1, DEINITIALIZED = 4, OUT_OF_MEMORY = 2, INVALID_CONTEXT = 201, DEPTH = 16, PARAMS = 64 };

static _Thread_local u64 contexts[DEPTH]; // the current one last
static _Thread_local int depth;

#ifdef SOCKET
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int server = -1;

static int move(int out, void *p, size_t n) {
	for (char *c = p; n > 0;) {
		ssize_t k = out ? send(server, c, n, MSG_NOSIGNAL) : recv(server, c, n, 0);
		if (k <= 0) return -1;
		c += k;
		n -= k;
	}
	return 0;
}

static int put(const void *p, size_t n) { return move(1, (void *)p, n); }
static int get(void *p, size_t n) { return move(0, p, n); }

static int dial(void) {
	if (server >= 0) return 0;
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = SOCKET};
	server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return connect(server, (struct sockaddr *)&a, sizeof a);
}

// exchange sends a call and reads its answer: code, results, text, and bytes that have landed in page-locked memory.
static int exchange(const char *name, const u64 *in, u32 nin, const void *blob, u64 nblob, u64 *out, u32 nout, void *text, u64 ntext) {
	char padded[32] = {0};
	strncpy(padded, name, sizeof padded - 1);
	u64 context = depth ? contexts[depth - 1] : 0;
	int32_t code;
	u32 n;
	u64 size, addr;
	if (dial() || put(padded, sizeof padded) || put(&context, 8) || put(&nin, 4) || put(in, 8 * nin) || put(&nblob, 8) || put(blob, nblob)) return DEINITIALIZED;
	if (get(&code, 4) || get(&n, 4)) return DEINITIALIZED;
	for (u32 i = 0; i < n; i++) {
		u64 v;
		if (get(&v, 8)) return DEINITIALIZED;
		if (i < nout) out[i] = v;
	}
	if (get(&size, 8)) return DEINITIALIZED;
	char *bytes = malloc(size + 1);
	if (get(bytes, size)) return DEINITIALIZED;
	if (ntext) memcpy(text, bytes, size < ntext ? size : ntext);
	free(bytes);
	for (get(&n, 4); n > 0; n--)
		if (get(&addr, 8) || get(&size, 8) || get((void *)addr, size)) return DEINITIALIZED;
	return code;
}

static int call(const char *name, const u64 *in, u32 nin, const void *blob, u64 nblob, u64 *out, u32 nout, void *text, u64 ntext) {
	pthread_mutex_lock(&mutex);
	int code = exchange(name, in, nin, blob, nblob, out, nout, text, ntext);
	pthread_mutex_unlock(&mutex);
	return code;
}
#else
static int call(const char *name, const u64 *in, u32 nin, const void *blob, u64 nblob, u64 *out, u32 nout, void *text, u64 ntext) {
	for (u32 i = 0; i < nout; i++) out[i] = 1 << 16;
	return 0;
}
#endif

#define IN(...) (u64[]){__VA_ARGS__}, sizeof((u64[]){__VA_ARGS__}) / 8
#define PLAIN 0, 0, 0, 0, 0, 0
#define OUT(p, n) 0, 0, p, n, 0, 0
#define DO(...) call(__func__, IN(__VA_ARGS__), PLAIN)

static int number(const char *name, u64 a, u64 b, int *p) {
	u64 v;
	int c = call(name, IN(a, b), OUT(&v, 1));
	if (!c) *p = (int)v;
	return c;
}

int cuInit(u32 flags) { return DO(flags); }
int cuDriverGetVersion(int *v) { return number(__func__, 0, 0, v); }
int cuDeviceGetCount(int *n) {
	int c = number(__func__, 0, 0, n);
#ifndef SOCKET
	*n = 1;
#endif
	return c;
}
int cuDeviceGet(int *d, int i) { return number(__func__, i, 0, d); }
int cuDeviceGetAttribute(int *v, int a, int d) { return number(__func__, a, d, v); }
int cuDeviceGetName(char *s, int n, int d) { return call(__func__, IN(d), 0, 0, 0, 0, s, n); }
int cuDeviceGetUuid(void *id, int d) { return call(__func__, IN(d), 0, 0, 0, 0, id, 16); }
int cuDeviceTotalMem_v2(u64 *n, int d) { return call(__func__, IN(d), OUT(n, 1)); }

static int text(const char *name, int code, const char **s) {
	static char *known[2][1024];
	char **p = &known[name[10] == 'N'][code & 1023];
	char buffer[256] = {0};
	int c = call(name, IN(code), 0, 0, 0, 0, buffer, sizeof buffer - 1);
	if (!c && !*p) *p = strdup(buffer);
	*s = *p;
	return c;
}
int cuGetErrorName(int code, const char **s) { return text(__func__, code, s); }
int cuGetErrorString(int code, const char **s) { return text(__func__, code, s); }

int cuCtxCreate_v2(u64 *h, u32 flags, int d) {
	int c = call(__func__, IN(flags, d), OUT(h, 1));
	if (!c && depth < DEPTH) contexts[depth++] = *h;
	return c;
}
int cuCtxPopCurrent_v2(u64 *h) {
	if (!depth) return INVALID_CONTEXT;
	int c = DO(0);
	if (!c) *h = contexts[--depth];
	return c;
}
int cuCtxSetCurrent(u64 h) {
	int c = DO(h);
	if (c) return c;
	if (!depth) depth = 1;
	contexts[depth - 1] = h;
	return 0;
}
int cuCtxDestroy_v2(u64 h) {
	int c = DO(h);
	if (!c && depth && contexts[depth - 1] == h) depth--;
	return c;
}
int cuCtxSynchronize(void) { return DO(0); }

int cuMemGetInfo_v2(u64 *free, u64 *total) {
	u64 v[2];
	int c = call(__func__, IN(0), OUT(v, 2));
	if (!c) *free = v[0], *total = v[1];
	return c;
}
int cuMemAlloc_v2(u64 *p, size_t n) { return call(__func__, IN(n), OUT(p, 1)); }
int cuMemFree_v2(u64 p) { return DO(p); }

// Page-locked memory is whole pages, so that what is used after it was freed faults.
static struct pinned { char *p; size_t n; u64 id; struct pinned *next; } *pins;
static pthread_mutex_t pinning = PTHREAD_MUTEX_INITIALIZER;

int cuMemHostAlloc(void **p, size_t n, u32 flags) {
	struct pinned *h = malloc(sizeof *h);
	int c = call(__func__, IN(n, flags), OUT(&h->id, 1));
	if (c) return c;
	h->n = n;
	h->p = mmap(0, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (h->p == MAP_FAILED) return OUT_OF_MEMORY;
	pthread_mutex_lock(&pinning);
	h->next = pins;
	pins = h;
	pthread_mutex_unlock(&pinning);
	*p = h->p;
	return 0;
}

// pinned is the memory that n bytes lie in; with cut it is taken off the list.
static struct pinned *pinned(char *p, size_t n, int cut) {
	pthread_mutex_lock(&pinning);
	struct pinned **h = &pins, *found;
	while (*h && !(p >= (*h)->p && p + n <= (*h)->p + (*h)->n)) h = &(*h)->next;
	found = *h;
	if (found && cut) *h = found->next;
	pthread_mutex_unlock(&pinning);
	return found;
}

int cuMemFreeHost(char *p) {
	struct pinned *h = pinned(p, 0, 0);
	if (!h || h->p != p) return INVALID_VALUE;
	int c = DO(h->id);
	if (c) return c;
	pinned(p, 0, 1);
	munmap(h->p, h->n);
	free(h);
	return 0;
}

int cuMemcpyHtoDAsync_v2(u64 dst, char *src, size_t n, u64 stream) {
	struct pinned *h = pinned(src, n, 0);
	if (!h) return INVALID_VALUE;
	return call(__func__, IN(dst, h->id, src - h->p, n, stream), src, n, 0, 0, 0, 0);
}
int cuMemcpyDtoHAsync_v2(char *dst, u64 src, size_t n, u64 stream) {
	struct pinned *h = pinned(dst, n, 0);
	if (!h) return INVALID_VALUE;
	return DO((u64)dst, h->id, dst - h->p, src, n, stream);
}
int cuMemcpyDtoDAsync_v2(u64 dst, u64 src, size_t n, u64 stream) { return DO(dst, src, n, stream); }
int cuMemsetD32Async(u64 dst, u32 word, size_t n, u64 stream) { return DO(dst, word, n, stream); }

// A function knows how many bytes each parameter has, for a launch passes pointers without sizes.
struct function { u64 id, n, size[PARAMS]; };

int cuModuleLoadDataEx(u64 *m, const char *ptx, u32 n, const int *options, void **values) {
	char *log = 0;
	size_t size = 0;
	for (u32 i = 0; i < n; i++) {
		if (options[i] == 5) log = values[i];
		if (options[i] == 6) size = (size_t)values[i];
	}
	return call(__func__, IN(0), ptx, strlen(ptx), m, 1, log, size);
}
int cuModuleUnload(u64 m) { return DO(m); }
int cuModuleGetFunction(struct function **f, u64 m, const char *name) {
	struct function *g = malloc(sizeof *g); // which lives on: other threads may have it
	int c = call(__func__, IN(m), name, strlen(name), (u64 *)g, 2 + PARAMS, 0, 0);
	if (!c) *f = g;
	return c;
}
int cuModuleGetGlobal_v2(u64 *p, size_t *n, u64 m, const char *name) {
	u64 v[2];
	int c = call(__func__, IN(m), name, strlen(name), v, 2, 0, 0);
	if (!c) *p = v[0], *n = v[1];
	return c;
}
int cuFuncGetAttribute(int *v, int a, struct function *f) { return number(__func__, a, f->id, v); }
int cuFuncSetAttribute(struct function *f, int a, int v) { return DO(f->id, a, v); }

int cuLaunchKernel(struct function *f, u32 gx, u32 gy, u32 gz, u32 bx, u32 by, u32 bz, u32 shared, u64 stream, void **params, void **extra) {
#ifndef SOCKET
	return 0;
#endif
	u64 cells[PARAMS] = {0};
	if (f->n > PARAMS || extra) return INVALID_VALUE;
	for (u64 i = 0; i < f->n; i++) memcpy(&cells[i], params[i], f->size[i]);
	return call(__func__, IN(f->id, gx, gy, gz, bx, by, bz, shared, stream), cells, 8 * f->n, 0, 0, 0, 0);
}

int cuStreamCreate(u64 *s, u32 flags) { return call(__func__, IN(flags), OUT(s, 1)); }
int cuStreamSynchronize(u64 s) { return DO(s); }
int cuStreamDestroy_v2(u64 s) { return DO(s); }
int cuStreamWaitEvent(u64 s, u64 e, u32 flags) { return DO(s, e, flags); }
int cuEventCreate(u64 *e, u32 flags) { return call(__func__, IN(flags), OUT(e, 1)); }
int cuEventRecord(u64 e, u64 s) { return DO(e, s); }
int cuEventQuery(u64 e) { return DO(e); }
int cuEventElapsedTime(float *ms, u64 from, u64 to) {
	int bits, c = number(__func__, from, to, &bits);
	if (!c) memcpy(ms, &bits, 4);
	return c;
}
int cuEventDestroy_v2(u64 e) { return DO(e); }

int cuStreamBeginCapture_v2(u64 s, int mode) { return DO(s, mode); }
int cuStreamEndCapture(u64 s, u64 *g) { return call(__func__, IN(s), OUT(g, 1)); }
int cuGraphInstantiate_v2(u64 *x, u64 g, u64 *node, char *log, size_t n) { return call(__func__, IN(g), OUT(x, 1)); }
int cuGraphDestroy(u64 g) { return DO(g); }
int cuGraphLaunch(u64 x, u64 s) { return DO(x, s); }
int cuGraphExecDestroy(u64 x) { return DO(x); }
