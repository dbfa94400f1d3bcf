.class public Lcom/acme/stats/UploadService;
.super Landroid/app/IntentService;

.method public constructor <init>()V
    .registers 2
    const-string v0, "upload"
    invoke-direct {p0, v0}, Landroid/app/IntentService;-><init>(Ljava/lang/String;)V
    return-void
.end method

.method protected onHandleIntent(Landroid/content/Intent;)V
    .registers 2
    invoke-static {p0}, Lcom/acme/stats/Uploader;->upload(Landroid/content/Context;)V
    return-void
.end method
