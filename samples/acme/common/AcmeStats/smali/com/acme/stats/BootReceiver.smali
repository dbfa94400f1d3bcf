.class public Lcom/acme/stats/BootReceiver;
.super Landroid/content/BroadcastReceiver;

.method public constructor <init>()V
    .registers 1
    invoke-direct {p0}, Landroid/content/BroadcastReceiver;-><init>()V
    return-void
.end method

.method public onReceive(Landroid/content/Context;Landroid/content/Intent;)V
    .registers 4
    invoke-static {p1}, Lcom/acme/stats/Uploader;->enabled(Landroid/content/Context;)Z
    move-result v0
    if-eqz v0, :off
    invoke-static {p1}, Lcom/acme/stats/Uploader;->upload(Landroid/content/Context;)V
    :off
    return-void
.end method
