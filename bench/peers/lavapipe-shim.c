// A Vulkan driver in front of lavapipe, Mesa's software driver, so that Chromium takes it for compute benchmarks.
//
// Chromium requires two things of a Vulkan device before it offers it to WebGPU: it must not be a CPU, and it must be
// able to pass semaphores between processes (VK_KHR_external_semaphore_fd). Lavapipe is a CPU and cannot do this. This
// driver claims to be a discrete GPU and lists the extension; a page without canvases never exports a semaphore, and if
// one is exported nevertheless, that call fails. Every other call is passed to lavapipe unchanged. Adapter names are
// not changed, so results are still labelled as software.
//
// Build: cc -O2 -shared -fPIC -DLAVAPIPE='"…/libvulkan_lvp.so"' -o lavapipe-shim.so lavapipe-shim.c -ldl The structures
// contain the leading fields of those of Vulkan 1.0 and 1.1, so that no Vulkan headers are needed.

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void (*Function)(void);
typedef Function (*GetProcAddr)(void *object, const char *name);

enum { SUCCESS = 0, INCOMPLETE = 5, OUT_OF_HOST_MEMORY = -1 };
enum { DISCRETE_GPU = 2, EXPORTABLE = 1, IMPORTABLE = 2 };

typedef struct {
  char name[256];
  uint32_t version;
} ExtensionProperties;

typedef struct {
  uint32_t apiVersion, driverVersion, vendorID, deviceID, deviceType;
} DeviceProperties;

typedef struct {
  uint32_t type;
  void *next;
  DeviceProperties properties;
} DeviceProperties2;

typedef struct {
  uint32_t type;
  const void *next;
  uint32_t flags;
  uint32_t queueCount;
  const void *queues;
  uint32_t layerCount;
  const char *const *layers;
  uint32_t extensionCount;
  const char *const *extensions;
  const void *features;
} DeviceCreateInfo;

typedef struct {
  uint32_t type;
  const void *next;
  uint32_t handleType;
} SemaphoreInfo;

typedef struct {
  uint32_t type;
  void *next;
  uint32_t fromImported, compatible, features;
} SemaphoreProperties;

static const char *const semaphoreExtension = "VK_KHR_external_semaphore_fd";

static GetProcAddr instanceProc, physicalDeviceProc;
static int32_t (*negotiate)(uint32_t *version);
static void *instance;

static void load(void) {
  if (instanceProc) return;
  void *driver = dlopen(LAVAPIPE, RTLD_NOW | RTLD_LOCAL);
  if (!driver) {
    fprintf(stderr, "lavapipe-shim: %s\n", dlerror());
    abort();
  }
  *(void **)&instanceProc = dlsym(driver, "vk_icdGetInstanceProcAddr");
  *(void **)&physicalDeviceProc = dlsym(driver, "vk_icdGetPhysicalDeviceProcAddr");
  *(void **)&negotiate = dlsym(driver, "vk_icdNegotiateLoaderICDInterfaceVersion");
}

static int32_t createInstance(const void *info, const void *allocator, void **created) {
  int32_t (*next)(const void *, const void *, void **) = (void *)instanceProc(NULL, "vkCreateInstance");
  int32_t result = next(info, allocator, created);
  if (result == SUCCESS) instance = *created;
  return result;
}

/** Lavapipe's extensions and one more. */
static int32_t listExtensions(void *device, const char *layer, uint32_t *count, ExtensionProperties *listed) {
  int32_t (*next)(void *, const char *, uint32_t *, ExtensionProperties *) =
      (void *)instanceProc(instance, "vkEnumerateDeviceExtensionProperties");
  uint32_t own = 0;
  int32_t result = next(device, layer, &own, NULL);
  if (result != SUCCESS) return result;
  if (!listed) {
    *count = own + 1;
    return SUCCESS;
  }
  ExtensionProperties *all = calloc(own + 1, sizeof *all);
  if (!all) return OUT_OF_HOST_MEMORY;
  next(device, layer, &own, all);
  strcpy(all[own].name, semaphoreExtension);
  all[own].version = 1;
  uint32_t room = *count;
  *count = room < own + 1 ? room : own + 1;
  memcpy(listed, all, *count * sizeof *all);
  free(all);
  return room < own + 1 ? INCOMPLETE : SUCCESS;
}

/** Asks lavapipe for a device without the extension that it does not know. */
static int32_t createDevice(void *physical, const DeviceCreateInfo *info, const void *allocator, void **created) {
  int32_t (*next)(void *, const DeviceCreateInfo *, const void *, void **) =
      (void *)instanceProc(instance, "vkCreateDevice");
  DeviceCreateInfo known = *info;
  const char **names = calloc(info->extensionCount + 1, sizeof *names);
  if (!names) return OUT_OF_HOST_MEMORY;
  known.extensionCount = 0;
  known.extensions = names;
  for (uint32_t i = 0; i < info->extensionCount; i++) {
    if (strcmp(info->extensions[i], semaphoreExtension) != 0) names[known.extensionCount++] = info->extensions[i];
  }
  int32_t result = next(physical, &known, allocator, created);
  free(names);
  return result;
}

static void properties(void *device, DeviceProperties *properties) {
  void (*next)(void *, DeviceProperties *) = (void *)instanceProc(instance, "vkGetPhysicalDeviceProperties");
  next(device, properties);
  properties->deviceType = DISCRETE_GPU;
}

static void properties2(void *device, DeviceProperties2 *properties) {
  void (*next)(void *, DeviceProperties2 *) = (void *)instanceProc(instance, "vkGetPhysicalDeviceProperties2");
  next(device, properties);
  properties->properties.deviceType = DISCRETE_GPU;
}

static void semaphoreProperties(void *device, const SemaphoreInfo *info, SemaphoreProperties *properties) {
  (void)device;
  properties->fromImported = properties->compatible = info->handleType;
  properties->features = EXPORTABLE | IMPORTABLE;
}

static int32_t refuse(void *device, const void *info, int *handle) {
  (void)device, (void)info, (void)handle;
  return OUT_OF_HOST_MEMORY;
}

static Function deviceProc(void *device, const char *name);

static Function replaced(const char *name) {
  static const struct {
    const char *name;
    Function function;
  } functions[] = {
      {"vkCreateInstance", (Function)createInstance},
      {"vkCreateDevice", (Function)createDevice},
      {"vkEnumerateDeviceExtensionProperties", (Function)listExtensions},
      {"vkGetPhysicalDeviceProperties", (Function)properties},
      {"vkGetPhysicalDeviceProperties2", (Function)properties2},
      {"vkGetPhysicalDeviceProperties2KHR", (Function)properties2},
      {"vkGetPhysicalDeviceExternalSemaphoreProperties", (Function)semaphoreProperties},
      {"vkGetPhysicalDeviceExternalSemaphorePropertiesKHR", (Function)semaphoreProperties},
      {"vkGetSemaphoreFdKHR", (Function)refuse},
      {"vkImportSemaphoreFdKHR", (Function)refuse},
      {"vkGetDeviceProcAddr", (Function)deviceProc},
  };
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    if (strcmp(name, functions[i].name) == 0) return functions[i].function;
  }
  return NULL;
}

static Function deviceProc(void *device, const char *name) {
  Function ours = replaced(name);
  return ours ? ours : ((GetProcAddr)(void *)instanceProc(instance, "vkGetDeviceProcAddr"))(device, name);
}

Function vk_icdGetInstanceProcAddr(void *object, const char *name) {
  load();
  Function ours = replaced(name);
  return ours ? ours : instanceProc(object, name);
}

Function vk_icdGetPhysicalDeviceProcAddr(void *object, const char *name) {
  load();
  Function own = physicalDeviceProc(object, name);
  Function ours = own ? replaced(name) : NULL;
  return ours ? ours : own;
}

int32_t vk_icdNegotiateLoaderICDInterfaceVersion(uint32_t *version) {
  load();
  return negotiate(version);
}
