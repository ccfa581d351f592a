void *rapt_cuda_load(const char *file, char **problem);
void *rapt_cuda_symbol(void *library, const char *name);
void rapt_cuda_fill(void *library);
void rapt_cuda_unload(void *library);
int rapt_cuda_init(void);
