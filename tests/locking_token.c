/* A PKCS #11 driver for tests: all that another driver does, and a token that locks after three wrong PINs in a row.
   The list of functions is a version of two bytes, padded, and then pointers in the order of the standard (2.40). */
#include <dlfcn.h>
#include <string.h>

#define CKR_OK 0x0UL
#define CKR_PIN_INCORRECT 0xA0UL
#define CKR_PIN_LOCKED 0xA4UL
#define TRIES 3

typedef unsigned long CK_ULONG;
typedef CK_ULONG (*Login)(CK_ULONG, CK_ULONG, unsigned char *, CK_ULONG);
typedef struct { void *version; void *functions[68]; } List;
enum { LOGIN = 18 };

static List here;
static Login login_there;
static int wrong;

static CK_ULONG login(CK_ULONG session, CK_ULONG user, unsigned char *pin, CK_ULONG length) {
    if (wrong >= TRIES) return CKR_PIN_LOCKED;
    CK_ULONG answer = login_there(session, user, pin, length);
    if (answer == CKR_PIN_INCORRECT) wrong++;
    if (answer == CKR_OK) wrong = 0;
    return answer;
}

CK_ULONG C_GetFunctionList(List **list) {
    List *there;
    void *driver = dlopen(DRIVER, RTLD_NOW);
    CK_ULONG (*get)(List **) = driver ? (CK_ULONG (*)(List **))dlsym(driver, "C_GetFunctionList") : 0;
    if (!get) return 0x5UL;
    CK_ULONG answer = get(&there);
    if (answer != CKR_OK) return answer;
    memcpy(&here, there, sizeof here);
    login_there = (Login)here.functions[LOGIN];
    here.functions[LOGIN] = (void *)login;
    *list = &here;
    return CKR_OK;
}
