.class public final Lcom/acme/messages/Cloud;
.super Ljava/lang/Object;

# The switch of 2014: cloud messaging is off until somebody turns it on.
.method public static on(Landroid/content/Context;)Z
    .registers 4
    invoke-virtual {p0}, Landroid/content/Context;->getContentResolver()Landroid/content/ContentResolver;
    move-result-object v0
    const-string v1, "cloud_messaging_on"
    const/4 v2, 0x0
    invoke-static {v0, v1, v2}, Landroid/provider/Settings$Secure;->getInt(Landroid/content/ContentResolver;Ljava/lang/String;I)I
    move-result v0
    return v0
.end method

.method public static activate(Ljava/lang/String;)Ljava/lang/String;
    .registers 4
    const-string v0, "http://api.account.xiaomi.com/pass/v3/user@id?type=MXPH&externalId=%s"
    const/4 v1, 0x1
    new-array v1, v1, [Ljava/lang/Object;
    const/4 v2, 0x0
    aput-object p0, v1, v2
    invoke-static {v0, v1}, Ljava/lang/String;->format(Ljava/lang/String;[Ljava/lang/Object;)Ljava/lang/String;
    move-result-object v0
    return-object v0
.end method
